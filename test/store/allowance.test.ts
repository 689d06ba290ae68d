import { describe, expect, it } from 'vitest';
import { allowance } from '../../src/store/allowance.js';

const T0 = 1_700_000_000_000;

describe('the allowance of a rate', () => {
  it('is what accrues in 200 ms, and one, at first', () => {
    expect(allowance({ count: 50, per: 1_000 }, null, T0).count).toBe(11);
    expect(allowance({ count: 1, per: 3_600_000 }, null, T0).count).toBe(1);
  });

  it('never exceeds the rate in any span, and reaches it', () => {
    const rate = { count: 7, per: 1_000 };
    const sent: number[] = [];
    let due: number | null = null;
    for (let now = T0; now < T0 + 20_000; now += 37) {
      const { count, after } = allowance(rate, due, now);
      for (let index = 0; index < count; index += 1) sent.push(now);
      if (count > 0) due = after(count);
    }
    expect(sent.length).toBeGreaterThanOrEqual(139);
    for (const [index, from] of sent.entries()) {
      const within = sent.slice(index).filter((at) => at < from + 1_000).length;
      expect(within).toBeLessThanOrEqual(7 + 2 + 1);
    }
  });

  it('waits for an instance whose clock is ahead, and not for a rate that was lower', () => {
    const rate = { count: 50, per: 1_000 };
    expect(allowance(rate, T0 + 5_000, T0).count).toBe(0);
    expect(allowance(rate, T0 + 3_600_000, T0).count).toBeGreaterThan(0);
  });
});
