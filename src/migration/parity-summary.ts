import { type ParityEntry, type ParityState, seenAt } from './parity.js';

interface ParityTotals {
  /** How many entries are in each state; those that wait are in none. */
  readonly states: Readonly<Record<ParityState, number>>;
  /** Seen in one format alone, but too recently to tell. */
  readonly waiting: number;
  /** Milliseconds between the formats, whichever was first, over the matched entries; null where there is none. */
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number } | null;
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
  if (entry.lag === null && seenAt(entry) >= settledBefore) {
    tally.waiting++;
    return;
  }
  tally.states[entry.state]++;
  if (entry.state === 'matched' && entry.lag !== null) tally.lags.push(Math.abs(entry.lag));
  if (entry.state === 'legacy_only' && entry.legacy !== null) {
    tally.lastLegacyOnlyAt = Math.max(entry.legacy.lastAt, tally.lastLegacyOnlyAt ?? entry.legacy.lastAt);
  }
}

function totalsOf({ states, lags, waiting, lastLegacyOnlyAt }: Tally): ParityTotals {
  const sorted = Float64Array.from(lags).sort();
  /** The nearest rank: the smallest that so large a part does not exceed. */
  const percentile = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  return {
    states,
    waiting,
    lag: sorted.length === 0 ? null : { p50: percentile(0.5), p99: percentile(0.99), max: percentile(1) },
    lastLegacyOnlyAt,
  };
}
