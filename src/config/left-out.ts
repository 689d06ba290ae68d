import { isDeepStrictEqual } from 'node:util';
import { EXTRACTION_EVENTS } from '../formats/extraction-events.js';
import type { DestinationConfig } from './config.js';
import { matchesEvent, type Rule, routedOf, takersOf, takes } from './filters.js';

/** What is wanted and would go to nobody, each as a person names it. */
export interface LeftOut {
  /** Nobody takes them: `extraction.failed`. */
  readonly none: readonly string[];
  /** Who takes them takes a part, by a `when` that what is wanted does not have. */
  readonly some: readonly string[];
}

type Destination = Rule & Pick<DestinationConfig, 'name' | 'mode' | 'share' | 'alternative'>;

interface Configured {
  readonly sources: readonly { readonly name: string }[];
  readonly destinations: readonly Destination[];
}

/**
 * What a destination gets and would go to nobody without it: a shadow is nobody, but for the one that takes over.
 *
 * @param name of a destination that is configured
 * @param successor the name of the one that takes over
 */
export function leftOutWithout(
  { sources, destinations }: Configured,
  name: string,
  successor: string,
): LeftOut {
  const others = destinations.filter((each) => each.name !== name);
  const counts = (each: Destination): boolean => each.name === successor || each.mode !== 'shadow';
  const reaches = (each: Destination): boolean => {
    const rest = others.find((other) => other.name === each.alternative);
    // What it gave to the one that goes is its own then.
    if (rest === undefined || each.share === 100) return counts(each);
    return (each.share === 0 || counts(each)) && counts(rest);
  };
  // Without it, what was its alternative goes by its own filters.
  return leftOutBy(routedOf(others).filter(reaches), takersOf(destinations, name), sources);
}

export function leftOutBy(
  rules: readonly Rule[],
  wanted: readonly Rule[],
  sources: Configured['sources'],
): LeftOut {
  const found: { readonly [Kind in keyof LeftOut]: string[] } = { none: [], some: [] };
  const events = eventsOf(wanted, rules);
  for (const { name: source } of sources) {
    for (const event of events) {
      const wanting = wanted.filter((each) => takes(each, source, event));
      if (wanting.length === 0) continue;
      const taking = rules.filter((each) => takes(each, source, event));
      const text = sources.length === 1 ? event : `${event} of ${source}`;
      if (taking.length === 0) found.none.push(text);
      else if (takePart(taking, wanting)) found.some.push(text);
    }
  }
  return found;
}

/** By one `when`: of several that have different ones, each may take what the others do not. */
function takePart(taking: readonly Rule[], wanting: readonly Rule[]): boolean {
  const when = taking[0]?.when ?? null;
  const hasIt = (each: Rule): boolean => isDeepStrictEqual(each.when, when);
  return when !== null && taking.every(hasIt) && !wanting.some(hasIt);
}

/** All that have names; a pattern that takes none of them, such as `invoice.*`, stands for itself. */
function eventsOf(wanted: readonly Rule[], rules: readonly Rule[]): readonly string[] {
  const named = [...wanted, ...rules].flatMap(({ events }) => events.filter((event) => !event.endsWith('*')));
  const known = [...new Set([...EXTRACTION_EVENTS, ...named])];
  const patterns = new Set(wanted.flatMap(({ events }) => events));
  return [
    ...known,
    ...[...patterns].filter((pattern) => !known.some((event) => matchesEvent(pattern, event))),
  ];
}
