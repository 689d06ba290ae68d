import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterFailure, afterSuccess, type BreakerCount, NO_FAILURES } from '../../src/delivery/breaker.js';

const RULES = { failures: 3, window: 1_000 };

/** Follows failures, by their times, and successes (null). @returns the places at which it opened. */
function openings(steps: readonly (number | null)[], rules = RULES): readonly number[] {
  let count: BreakerCount = NO_FAILURES;
  return steps.flatMap((now, index) => {
    if (now === null) {
      count = afterSuccess(count);
      return [];
    }
    const next = afterFailure(count, rules, { startedAt: now, now });
    count = next.count;
    return next.opens ? [index] : [];
  });
}

describe('a breaker', () => {
  it('opens at so many failures in a row', () => expect(openings([1, 2, 3])).toEqual([2]));

  it('counts anew after a success', () => expect(openings([1, 2, null, 3, 4, null, 5, 6, 7])).toEqual([8]));

  it('forgets failures that are older than the window', () => {
    expect(openings([0, 500, 1_000, 1_499])).toEqual([3]);
    expect(openings([0, 600, 1_200, 1_800, 2_400])).toEqual([]);
  });

  it('counts anew once it has opened', () => expect(openings([1, 2, 3, 4, 5, 6])).toEqual([2, 5]));

  it('never opens where it is turned off', () => {
    expect(openings([1, 1, 1, 1, 1, 1], { ...RULES, failures: 0 })).toEqual([]);
  });

  it('learns nothing from what was sent before it opened', () => {
    let count: BreakerCount = NO_FAILURES;
    for (const now of [1, 2, 3]) count = afterFailure(count, RULES, { startedAt: 0, now }).count;
    for (const now of [4, 5, 6, 7]) {
      const next = afterFailure(count, RULES, { startedAt: 2, now });
      expect(next).toEqual({ count, opens: false });
    }
    expect(afterFailure(count, RULES, { startedAt: 3, now: 8 }).count.failures).toEqual([8]);
  });

  it('learns nothing from that after a success either', () => {
    let count: BreakerCount = NO_FAILURES;
    for (const now of [1, 2, 3, 4]) count = afterFailure(count, RULES, { startedAt: now, now }).count;
    count = afterSuccess(count);
    for (const now of [5, 6, 7])
      expect(afterFailure(count, RULES, { startedAt: 2, now })).toEqual({ count, opens: false });
  });

  it('remembers no more than it needs', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500)), fc.integer({ min: 1, max: 20 }), (gaps, failures) => {
        let count: BreakerCount = NO_FAILURES;
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          count = afterFailure(count, { failures, window: 1_000 }, { startedAt: now, now }).count;
          expect(count.failures.length).toBeLessThan(failures);
        }
      }),
    );
  });
});
