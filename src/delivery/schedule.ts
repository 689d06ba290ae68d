import type { RetryConfig } from '../config/config.js';

/** No `retry-after` makes us wait longer. */
const LONGEST_ASKED = 24 * 60 * 60 * 1000;

/**
 * How long to wait after a failure.
 * @param attempts made so far, the one that failed included.
 * @param random from 0 to 1: where in the spread of the jitter.
 * @param retryAfter milliseconds that the destination asked for.
 * @returns milliseconds; null where no attempt is left.
 */
export function delayAfter(
  retry: RetryConfig,
  attempts: number,
  random: number,
  retryAfter: number | null,
): number | null {
  if (attempts >= retry.attempts) return null;
  const { schedule, jitter } = retry;
  const scheduled = schedule[attempts] ?? schedule.at(-1) ?? 0;
  const delay = Math.round(scheduled * (1 + jitter * (2 * random - 1)));
  return Math.max(delay, Math.min(retryAfter ?? 0, LONGEST_ASKED));
}
