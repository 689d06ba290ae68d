import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takesShare } from '../../src/migration/share.js';
import { anyText } from '../support/any-text.js';

const percent = fc.double({ min: 0, max: 100, noNaN: true });
const batches = Array.from({ length: 10_000 }, (_, index) => `batch-${index}`);
const taken = (destination: string, share: number) =>
  new Set(batches.filter((batch) => takesShare(batch, destination, share)));

describe('takesShare', () => {
  it('takes nothing at 0 and everything at 100', () => {
    fc.assert(
      fc.property(anyText, fc.string(), (batch, destination) => {
        expect(takesShare(batch, destination, 0)).toBe(false);
        expect(takesShare(batch, destination, 100)).toBe(true);
      }),
    );
  });

  it('only adds batches when it is raised and only removes some when it is lowered', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), percent, percent, (batch, destination, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        if (takesShare(batch, destination, low)) expect(takesShare(batch, destination, high)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([1, 12.5, 50, 90])('takes %d percent of the batches, give or take two', (share) => {
    expect(Math.abs(taken('billing', share).size / 100 - share)).toBeLessThan(2);
  });

  it('moves no more batches than the number moved', () => {
    const [before, after] = [taken('billing', 10), taken('billing', 12)];
    expect([...before].every((batch) => after.has(batch))).toBe(true);
    expect(after.size - before.size).toBeLessThan(400);
  });

  it('does not let two splits pick the same batches', () => {
    const other = taken('archive', 10);
    const both = [...taken('billing', 10)].filter((batch) => other.has(batch));
    expect(both.length / 100).toBeLessThan(2);
  });

  it('answers alike for ever: a release that moves batches between handlers breaks this', () => {
    const chosen = batches.slice(0, 12).filter((batch) => takesShare(batch, 'billing', 50));
    expect(chosen).toEqual(['batch-0', 'batch-1', 'batch-2', 'batch-3', 'batch-8']);
    expect([12.5, 50, 90].map((share) => taken('billing', share).size)).toEqual([1_320, 5_002, 8_922]);
  });
});
