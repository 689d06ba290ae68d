import type { DestinationConfig } from './config.js';

export type Filters = Pick<DestinationConfig, 'sources' | 'events'>;
/** What a destination takes, whole. */
export type Rule = Filters & Pick<DestinationConfig, 'when'>;

/** Whether it takes what has these names, as far as they tell. */
export const takes = ({ sources, events }: Filters, source: string, event: string): boolean =>
  sources.includes(source) && events.some((pattern) => matchesEvent(pattern, event));

/** A pattern is an event's exact name, or has `*` for one or more segments at its end: `extraction.*`, `*`. */
export function matchesEvent(pattern: string, event: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? event.startsWith(pattern.slice(0, -1)) : event === pattern;
}

/** Those by whose filters a destination gets what it gets: an alternative gets of what those take that name it. */
export function takersOf<D extends Pick<DestinationConfig, 'name' | 'alternative'>>(
  destinations: readonly D[],
  name: string,
): readonly D[] {
  const naming = destinations.filter(({ alternative }) => alternative === name);
  return naming.length > 0 ? naming : destinations.filter((each) => each.name === name);
}

/** Those that have filters: what is an alternative gets what the one that names it gives up, and that alone. */
export function routedOf<D extends Pick<DestinationConfig, 'name' | 'alternative'>>(
  destinations: readonly D[],
): readonly D[] {
  const alternatives = new Set(destinations.map(({ alternative }) => alternative));
  return destinations.filter(({ name }) => !alternatives.has(name));
}
