import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayAfter } from '../../src/delivery/schedule.js';

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;
const retry = { attempts: 10, schedule: [0, 5 * SECOND, 300 * SECOND], jitter: 0 };

const anyRetry = fc.record({
  attempts: fc.integer({ min: 1, max: 50 }),
  schedule: fc.array(fc.integer({ min: 0, max: 3 * DAY }), { minLength: 1, maxLength: 20 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyRetryAfter = fc.option(fc.integer({ min: 0, max: 1000 * DAY }));

describe('the wait before the next attempt', () => {
  it('is the one of the schedule for that attempt', () => {
    expect(delayAfter(retry, 1, 0.5, null)).toBe(5 * SECOND);
    expect(delayAfter(retry, 2, 0.5, null)).toBe(300 * SECOND);
  });

  it('repeats the last one where there are more attempts than waits', () => {
    expect(delayAfter(retry, 3, 0.5, null)).toBe(300 * SECOND);
    expect(delayAfter(retry, 9, 0.5, null)).toBe(300 * SECOND);
  });

  it('is none once the attempts are used up', () => {
    expect(delayAfter(retry, 10, 0.5, null)).toBeNull();
    expect(delayAfter({ ...retry, attempts: 1 }, 1, 0.5, null)).toBeNull();
    expect(delayAfter(retry, 10, 0.5, 5 * SECOND)).toBeNull();
  });

  it('is spread over all of (1 ± jitter), evenly', () => {
    const spread = { ...retry, jitter: 0.2 };
    expect(delayAfter(spread, 1, 0, null)).toBe(4 * SECOND);
    expect(delayAfter(spread, 1, 0.25, null)).toBe(4.5 * SECOND);
    expect(delayAfter(spread, 1, 0.5, null)).toBe(5 * SECOND);
    expect(delayAfter(spread, 1, 1, null)).toBe(6 * SECOND);
  });

  it('follows Retry-After between the scheduled wait and one day', () => {
    expect(delayAfter(retry, 1, 0.5, 60 * SECOND)).toBe(60 * SECOND);
    expect(delayAfter(retry, 1, 0.5, 1 * SECOND)).toBe(5 * SECOND);
    expect(delayAfter(retry, 1, 0.5, 400 * DAY)).toBe(DAY);
    expect(delayAfter({ ...retry, schedule: [0, 2 * DAY] }, 1, 0.5, 400 * DAY)).toBe(2 * DAY);
  });

  it('stays in its bounds for any configuration', () => {
    fc.assert(
      fc.property(anyRetry, fc.nat(60), anyRandom, anyRetryAfter, (config, made, random, retryAfter) => {
        const attempts = made + 1;
        const delay = delayAfter(config, attempts, random, retryAfter);
        if (attempts >= config.attempts) {
          expect(delay).toBeNull();
          return;
        }
        const scheduled = config.schedule[Math.min(attempts, config.schedule.length - 1)] ?? 0;
        const longest = Math.max(scheduled * (1 + config.jitter), retryAfter === null ? 0 : DAY);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(scheduled * (1 - config.jitter)));
        expect(delay).toBeLessThanOrEqual(Math.ceil(longest));
        if (retryAfter !== null) expect(delay).toBeGreaterThanOrEqual(Math.min(retryAfter, DAY));
      }),
    );
  });
});
