import { isDeepStrictEqual } from 'node:util';
import { EXTRACTION_EVENTS } from '../formats/extraction-events.js';
import type { Config } from './config.js';
import { type Rule, routedOf } from './filters.js';
import { leftOutBy } from './left-out.js';
import { nearest } from './nearest.js';

/** What is allowed and yet probably not meant. */
export function warningsOf({ sources, destinations }: Config): readonly string[] {
  if (destinations.length === 0) return ['there are no destinations: events are kept and go nowhere'];
  const routed = routedOf(destinations);
  const idle = sources.filter(({ name }) => !routed.some((each) => each.sources.includes(name)));
  const unread = routed.flatMap(({ name, alternative, ...filters }) => {
    const other = destinations.find((each) => each.name === alternative);
    if (other === undefined) return [];
    const rest = `destination ${other.name} gets the rest of what ${name} takes and nothing else`;
    if (hasOwnFilters(other, filters, sources.length)) {
      return [`${rest}: its own sources, events and when do nothing`];
    }
    // Of what it would take by itself.
    const wanted = { ...other, sources: filters.sources };
    const { none, some } = leftOutBy(routed, [wanted], sources);
    return none.length + some.length > 0
      ? [`${rest}: what the events and when of ${name} leave out goes to neither`]
      : [];
  });
  const misspelt = destinations.flatMap(({ name, events }) =>
    events.flatMap((event) => {
      const meant =
        EXTRACTION_EVENTS.includes(event) || event.includes('*')
          ? undefined
          : nearest(event, EXTRACTION_EVENTS);
      return meant === undefined ? [] : [`destination ${name} takes ${event}: is ${meant} meant?`];
    }),
  );
  return [
    ...idle.map(({ name }) => `no destination takes the events of source ${name}`),
    ...misspelt,
    ...unread,
  ];
}

/** Whether it was told to take something else than all, or than the destination that it is the alternative of. */
function hasOwnFilters({ sources, events, when }: Rule, taken: Rule, sourceCount: number): boolean {
  const all = sources.length === sourceCount && events.includes('*') && when === null;
  return !all && !isDeepStrictEqual([sources, events, when], [taken.sources, taken.events, taken.when]);
}
