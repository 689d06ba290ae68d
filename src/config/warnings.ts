import { isDeepStrictEqual } from 'node:util';
import { EXTRACTION_EVENTS } from '../formats/extraction-events.js';
import type { Config, DestinationConfig } from './config.js';
import { nearest } from './nearest.js';

/** What is allowed and yet probably not meant. */
export function warningsOf({ sources, destinations }: Config): readonly string[] {
  if (destinations.length === 0) return ['there are no destinations: events are kept and go nowhere'];
  const alternatives = new Set(destinations.map(({ alternative }) => alternative));
  const routed = destinations.filter(({ name }) => !alternatives.has(name));
  const idle = sources.filter(({ name }) => !routed.some((each) => each.sources.includes(name)));
  const unread = routed.flatMap(({ name, alternative, ...filters }) => {
    const other = destinations.find((each) => each.name === alternative);
    if (other === undefined) return [];
    const rest = `destination ${other.name} gets the rest of what ${name} takes and nothing else`;
    if (hasOwnFilters(other, filters, sources.length)) {
      return [`${rest}: its own sources, events and when do nothing`];
    }
    return isNarrower(filters, other) && !routed.some((each) => each.name !== name && takesAll(each))
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

type Filters = Pick<DestinationConfig, 'sources' | 'events' | 'when'>;

/** Whether it was told to take something else than all, or than the destination that it is the alternative of. */
function hasOwnFilters({ sources, events, when }: Filters, taken: Filters, sourceCount: number): boolean {
  const all = sources.length === sourceCount && events.includes('*') && when === null;
  return !all && !isDeepStrictEqual([sources, events, when], [taken.sources, taken.events, taken.when]);
}

const takesAll = ({ events, when }: Pick<Filters, 'events' | 'when'>): boolean =>
  events.includes('*') && when === null;

/** Whether it takes a part of the events that the other, by its own filters, would take. */
const isNarrower = (filters: Filters, other: Filters): boolean => takesAll(other) && !takesAll(filters);
