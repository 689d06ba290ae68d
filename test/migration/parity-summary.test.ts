import { describe, expect, it } from 'vitest';
import type { ParityEntry, ParityState } from '../../src/migration/parity.js';
import { summarize } from '../../src/migration/parity-summary.js';

const side = (at: number, lastAt = at) => ({ eventId: 1, at, lastAt, digest: 'd' });

const entry = (
  state: ParityState,
  legacyAt: number | null,
  newAt: number | null,
  source = 'a',
): ParityEntry => ({
  source,
  subject: 's',
  state,
  legacy: legacyAt === null ? null : side(legacyAt),
  new: newAt === null ? null : side(newAt),
  lag: legacyAt === null || newAt === null ? null : newAt - legacyAt,
});

const NONE = { matched: 0, legacy_only: 0, new_only: 0, different: 0 };

describe('summarize', () => {
  it('says so where there is nothing', () => {
    expect(summarize([])).toEqual({
      states: NONE,
      waiting: 0,
      lag: null,
      lastLegacyOnlyAt: null,
      sources: [],
    });
  });

  it('counts states in all and for each source', () => {
    const summary = summarize([
      entry('matched', 1, 2),
      entry('matched', 3, 4, 'b'),
      entry('different', 5, 6),
      entry('legacy_only', 7, null, 'b'),
      entry('legacy_only', 9, null, 'b'),
      entry('new_only', null, 8),
    ]);
    expect(summary.states).toEqual({ matched: 2, legacy_only: 2, new_only: 1, different: 1 });
    expect(summary.sources).toMatchObject([
      {
        source: 'a',
        states: { matched: 1, legacy_only: 0, new_only: 1, different: 1 },
        lastLegacyOnlyAt: null,
      },
      { source: 'b', states: { matched: 1, legacy_only: 2, new_only: 0, different: 0 }, lastLegacyOnlyAt: 9 },
    ]);
  });

  it('measures the lag of what matched, whichever format was first', () => {
    const entries = Array.from({ length: 200 }, (_, index) => {
      const lag = index + 1;
      return index % 2 === 0 ? entry('matched', 0, lag) : entry('matched', lag, 0);
    });
    expect(summarize([...entries, entry('different', 0, 1_000_000)]).lag).toEqual({
      p50: 100,
      p99: 198,
      max: 200,
    });
    expect(summarize([entry('matched', 10, 3)]).lag).toEqual({ p50: 7, p99: 7, max: 7 });
  });

  it('lets what one format alone has brought wait for the other, until it is settled', () => {
    const entries = [
      entry('legacy_only', 100, null),
      entry('legacy_only', 200, null),
      entry('new_only', null, 250),
      entry('matched', 300, 301),
    ];
    expect(summarize(entries, 200)).toMatchObject({
      states: { ...NONE, matched: 1, legacy_only: 1 },
      waiting: 2,
      lastLegacyOnlyAt: 100,
    });
  });

  it('takes legacy traffic that repeats for recent', () => {
    const repeated = { ...entry('legacy_only', 100, null), legacy: side(100, 900) };
    expect(summarize([repeated, entry('legacy_only', 400, null)], 500).lastLegacyOnlyAt).toBe(900);
  });
});
