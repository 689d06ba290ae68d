import type { BreakerConfig } from '../config/config.js';

/**
 * When to open: a value that is followed by another, and nothing else. The breaker itself is a row of the store, which
 * claims look at, so that it is one for all instances, outlives each of them, and lets a single probe through. The
 * libraries for it (cockatiel, opossum) keep their state in the process and wrap each call in it: neither fits.
 */
export interface BreakerCount {
  /** When the latest failures in a row came, the oldest first: no more of them than it takes to open. */
  readonly failures: readonly number[];
  /** What was sent before it opened last says nothing new. */
  readonly openedAt: number;
}

export const NO_FAILURES: BreakerCount = { failures: [], openedAt: Number.NEGATIVE_INFINITY };

/** Failures in a row: a handler that takes some is alive, and what it refuses has its own schedule. */
export const afterSuccess = (before: BreakerCount): BreakerCount =>
  before.failures.length === 0 ? before : { ...before, failures: [] };

export function afterFailure(
  before: BreakerCount,
  { failures: most, window }: Pick<BreakerConfig, 'failures' | 'window'>,
  at: { readonly startedAt: number; readonly now: number },
): { readonly count: BreakerCount; readonly opens: boolean } {
  if (most === 0 || at.startedAt < before.openedAt) return { count: before, opens: false };
  const recent = [...before.failures.filter((failedAt) => failedAt > at.now - window), at.now];
  if (recent.length < most) return { count: { ...before, failures: recent }, opens: false };
  return { count: { failures: [], openedAt: at.now }, opens: true };
}
