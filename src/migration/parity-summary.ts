import { type ParityEntry, type ParityState, seenAt } from './parity.js';
import { type Percentiles, percentilesOf } from './percentiles.js';

/** How long one format waits for the other before it counts as alone, in ms: what is sent in both comes within seconds. */
export const SETTLED_AFTER = 60_000;

/**
 * Whether one format alone brought it so far, and too recently (see `summarize`) to say that it stays alone. What came
 * by a clock that was ahead is not recent: it would wait until the clock is there again.
 */
export const isWaiting = (entry: ParityEntry, settledBefore: number): boolean =>
  entry.lag === null && seenAt(entry) >= settledBefore && seenAt(entry) < settledBefore + 2 * SETTLED_AFTER;

export interface ParityTotals {
  /** How many entries are in each state; those that wait are in none. */
  readonly states: Readonly<Record<ParityState, number>>;
  /** Seen in one format alone, but too recently to tell. */
  readonly waiting: number;
  /** Milliseconds between the formats, whichever was first, over the matched entries; null where there is none. */
  readonly lag: Percentiles | null;
  /** When content that legacy alone brought came last; null where there is none. */
  readonly lastLegacyOnlyAt: number | null;
}

export interface ParitySummary extends ParityTotals {
  /** In order of their names. */
  readonly sources: readonly (ParityTotals & { readonly source: string })[];
}

/**
 * Counts a ledger, of any length, in one pass.
 *
 * @param settledBefore what one format alone brought at this time or later waits for the other; default: nothing waits
 */
export function summarize(
  entries: Iterable<ParityEntry>,
  settledBefore: number = Number.POSITIVE_INFINITY,
): ParitySummary {
  const all = newTally();
  const sources = new Map<string, Tally>();
  for (const entry of entries) {
    const tally = sources.get(entry.source) ?? newTally();
    sources.set(entry.source, tally);
    add(tally, entry, settledBefore);
    add(all, entry, settledBefore);
  }
  return {
    ...totalsOf(all),
    sources: [...sources]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([source, tally]) => ({ source, ...totalsOf(tally) })),
  };
}

interface Tally {
  readonly states: Record<ParityState, number>;
  readonly lags: number[];
  waiting: number;
  lastLegacyOnlyAt: number | null;
}

const newTally = (): Tally => ({
  states: { matched: 0, legacy_only: 0, new_only: 0, different: 0 },
  lags: [],
  waiting: 0,
  lastLegacyOnlyAt: null,
});

function add(tally: Tally, entry: ParityEntry, settledBefore: number): void {
  if (isWaiting(entry, settledBefore)) {
    tally.waiting++;
    return;
  }
  tally.states[entry.state]++;
  if (entry.state === 'matched' && entry.lag !== null) tally.lags.push(Math.abs(entry.lag));
  if (entry.state === 'legacy_only' && entry.legacy !== null) {
    tally.lastLegacyOnlyAt = Math.max(entry.legacy.lastAt, tally.lastLegacyOnlyAt ?? entry.legacy.lastAt);
  }
}

const totalsOf = ({ states, lags, waiting, lastLegacyOnlyAt }: Tally): ParityTotals => ({
  states,
  waiting,
  lag: percentilesOf(lags),
  lastLegacyOnlyAt,
});
