import type { Config } from './config.js';
import { nearest } from './nearest.js';

const EVENTS = ['extraction.processed', 'extraction.edited', 'extraction.confirmed', 'extraction.failed'];

/** What is allowed and yet probably not meant. */
export function warningsOf({ sources, destinations }: Config): readonly string[] {
  if (destinations.length === 0) return ['there are no destinations: events are kept and go nowhere'];
  const idle = sources.filter(({ name }) => !destinations.some((each) => each.sources.includes(name)));
  const misspelt = destinations.flatMap(({ name, events }) =>
    events.flatMap((event) => {
      const meant = EVENTS.includes(event) || event.includes('*') ? undefined : nearest(event, EVENTS);
      return meant === undefined ? [] : [`destination ${name} takes ${event}: is ${meant} meant?`];
    }),
  );
  return [...idle.map(({ name }) => `no destination takes the events of source ${name}`), ...misspelt];
}
