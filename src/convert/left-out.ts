import { isDeepStrictEqual } from 'node:util';
import type { DestinationConfig, SourceConfig } from '../config/config.js';
import { EXTRACTION_EVENTS } from '../formats/extraction-events.js';
import { takesByName } from './route.js';

/** What a destination gets and would go to nobody without it, each as a person names it. */
export interface LeftOut {
  /** No other destination takes them: `extraction.failed`. */
  readonly none: readonly string[];
  /** The one that takes them takes a part, by a `when` that the destination does not have. */
  readonly some: readonly string[];
}

interface Configured {
  readonly sources: readonly Pick<SourceConfig, 'name' | 'statuses'>[];
  readonly destinations: readonly Pick<
    DestinationConfig,
    'name' | 'sources' | 'events' | 'when' | 'alternative'
  >[];
}

/** @param name of a destination that is configured */
export function leftOutWithout({ sources, destinations }: Configured, name: string): LeftOut {
  const own = destinations.find((each) => each.name === name);
  const others = destinations.filter((each) => each !== own);
  const found: { readonly [Kind in keyof LeftOut]: string[] } = { none: [], some: [] };
  for (const source of sources) {
    for (const event of eventsOf(source, own?.events ?? [])) {
      const names = { source: source.name, event };
      if (!takesByName(destinations, name, names)) continue;
      const text = sources.length === 1 ? event : `${event} of ${source.name}`;
      const takers = others.filter((each) => takesByName(destinations, each.name, names));
      if (takers.length === 0) found.none.push(text);
      // Of several that have a `when` each may take what the other does not.
      else if (takers.length === 1 && takers.every((each) => isNarrower(each, own))) found.some.push(text);
    }
  }
  return found;
}

function isNarrower(
  { when, alternative }: Configured['destinations'][number],
  own: Configured['destinations'][number] | undefined,
): boolean {
  // An alternative gets of what the other takes, and nothing else.
  return when !== null && alternative !== own?.name && !isDeepStrictEqual(when, own?.when);
}

/** Those that a source can bring, as far as they have names: a pattern stands for what nobody knows yet. */
const eventsOf = (
  { statuses }: Configured['sources'][number],
  named: readonly string[],
): readonly string[] => [
  ...new Set([
    ...EXTRACTION_EVENTS,
    ...Object.values(statuses),
    ...named.filter((event) => !event.endsWith('*')),
  ]),
];
