import type { Rate } from '../model.js';

/** Milliseconds: what is not claimed is saved up for so long, so that who looks so often loses nothing of the rate. */
const SAVED = 200;
/** Milliseconds that the clocks of instances may differ by without letting more out than the rate. */
const SKEW = 60_000;

/**
 * How many may go out now, by the generic cell rate algorithm (GCRA): all it has to remember is when the next is due, so
 * that one number in the store keeps the rate exactly over any number of instances and restarts. In any span of time go
 * out at most what the rate says of it and of 200 ms more, and one.
 *
 * @param dueAt when the next one was due, as told by `after`; null at first
 * @returns `after`: what to remember where so many were taken
 */
export function allowance(
  { count, per }: Rate,
  dueAt: number | null,
  now: number,
): { readonly count: number; readonly after: (taken: number) => number } {
  const interval = per / count;
  // Further ahead it was put by a lower rate, or by a clock that was wrong: neither may hold it up.
  const remembered = dueAt === null || dueAt > now + interval + SKEW ? 0 : dueAt;
  const from = Math.max(remembered, now - SAVED);
  const after = (taken: number): number => from + taken * interval;
  // A sum of fractions may come out a little above what it stands for.
  const late = now - from + 1e-6 * interval;
  return { count: late < 0 ? 0 : Math.floor(late / interval) + 1, after };
}
