import type { Format } from '../model.js';

/** That a file's content was seen in a format, by an event. Times in ms. */
export interface Sighting {
  readonly source: string;
  /** Hex. Which file of which event type it is, the same in both formats (`FileIdentity`). */
  readonly subject: string;
  /** Hex. SHA-256 of its canonical result. */
  readonly digest: string;
  readonly format: Format;
  readonly eventId: number;
  /** When its webhook arrived. */
  readonly at: number;
}

/**
 * `matched`: the same content came in both formats. `different`: each brought another content for the same file.
 * `legacy_only`, `new_only`: one format alone brought it, so far.
 */
export type ParityState = 'matched' | 'legacy_only' | 'new_only' | 'different';

/** What one format brought. */
interface ParitySide {
  readonly eventId: number;
  /** When it came first. */
  readonly at: number;
  readonly lastAt: number;
  readonly digest: string;
}

/** A line of the ledger: one content of one file, or two that should be one. */
export interface ParityEntry {
  readonly source: string;
  readonly subject: string;
  readonly state: ParityState;
  readonly legacy: ParitySide | null;
  readonly new: ParitySide | null;
  /** Milliseconds from legacy's first arrival to new's; negative where new was first; null where one is missing. */
  readonly lag: number | null;
}

/**
 * The entries of one file. Contents that both formats brought are matched. Of the rest, legacy's are paired with new's
 * in order of time as different; what one format has more of is its alone.
 *
 * @param sightings all of one source and subject, in any order
 */
export function entriesOfSubject(sightings: readonly Sighting[]): readonly ParityEntry[] {
  const [first] = sightings;
  if (first === undefined) return [];
  const legacy = sidesOf(sightings, 'legacy');
  const recent = sidesOf(sightings, 'new');

  const pairs: Pair[] = [];
  for (const [digest, side] of legacy) {
    const same = recent.get(digest);
    if (same === undefined) continue;
    pairs.push(['matched', side, same]);
    legacy.delete(digest);
    recent.delete(digest);
  }
  pairs.push(...pairUp(inOrder(legacy), inOrder(recent)));
  return pairs.map(toEntry(first)).sort(byTime);
}

type Pair = readonly [ParityState, ParitySide | null, ParitySide | null];
type Sides = Map<string, ParitySide>;

function sidesOf(sightings: readonly Sighting[], format: Format): Sides {
  const sides: Sides = new Map();
  for (const { digest, eventId, at, ...sighting } of sightings) {
    if (sighting.format !== format) continue;
    const known = sides.get(digest);
    const earlier = known !== undefined && known.at <= at ? known : { eventId, at, digest };
    sides.set(digest, { ...earlier, lastAt: Math.max(at, known?.lastAt ?? at) });
  }
  return sides;
}

const inOrder = (sides: Sides): readonly ParitySide[] =>
  [...sides.values()].sort((a, b) => a.at - b.at || a.eventId - b.eventId || compareText(a.digest, b.digest));

/**
 * As many pairs as there can be, in order. Where one format has more, those stay alone that have a neighbour nearer in
 * time to the other's: a file that came before the second format was switched on is no pair for its later correction.
 */
function pairUp(legacy: readonly ParitySide[], recent: readonly ParitySide[]): readonly Pair[] {
  const pairs: Pair[] = [];
  let i = 0;
  let j = 0;
  while (i < legacy.length || j < recent.length) {
    const [old, young] = [legacy[i] ?? null, recent[j] ?? null];
    const surplus = legacy.length - i - (recent.length - j);
    if (old !== null && (young === null || (surplus > 0 && isNearer(legacy[i + 1], old, young)))) {
      pairs.push(['legacy_only', old, null]);
      i++;
    } else if (young !== null && (old === null || (surplus < 0 && isNearer(recent[j + 1], young, old)))) {
      pairs.push(['new_only', null, young]);
      j++;
    } else {
      pairs.push(['different', old, young]);
      i++;
      j++;
    }
  }
  return pairs;
}

const isNearer = (candidate: ParitySide | undefined, than: ParitySide, to: ParitySide): boolean =>
  candidate !== undefined && Math.abs(candidate.at - to.at) < Math.abs(than.at - to.at);

const toEntry =
  ({ source, subject }: Sighting) =>
  ([state, legacy, recent]: Pair): ParityEntry => ({
    source,
    subject,
    state,
    legacy,
    new: recent,
    lag: legacy === null || recent === null ? null : recent.at - legacy.at,
  });

/** When the first of an entry's formats brought it. */
export const seenAt = (entry: ParityEntry): number =>
  Math.min(entry.legacy?.at ?? Number.POSITIVE_INFINITY, entry.new?.at ?? Number.POSITIVE_INFINITY);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const digestOf = (entry: ParityEntry): string => (entry.legacy ?? entry.new)?.digest ?? '';

/** Oldest first. */
export const byTime = (a: ParityEntry, b: ParityEntry): number =>
  seenAt(a) - seenAt(b) || compareText(a.subject, b.subject) || compareText(digestOf(a), digestOf(b));
