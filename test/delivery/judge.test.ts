import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/delivery/answer.js';
import { judge, parseRetryAfter } from '../../src/delivery/judge.js';

const NOW = Date.UTC(2026, 0, 1);
const answer = (status: number | null, more: Partial<Answer> = {}): Answer => ({
  duration: 5,
  status,
  response: status === null ? null : '',
  retryAfter: null,
  fault: null,
  ours: false,
  ...more,
});

describe('an answer', () => {
  it.each([200, 201, 202, 204, 299])('of %i is success', (status) => {
    expect(judge(answer(status), NOW)).toEqual({ success: true });
  });

  it.each([
    [199, '199'],
    [300, '300 Multiple Choices: redirects are not followed'],
    [302, '302 Found: redirects are not followed'],
    [304, '304 Not Modified: redirects are not followed'],
    [400, '400 Bad Request'],
    [404, '404 Not Found'],
    [408, '408 Request Timeout'],
    [410, '410 Gone'],
    [425, '425 Too Early'],
    [429, '429 Too Many Requests'],
    [500, '500 Internal Server Error'],
    [503, '503 Service Unavailable'],
    [599, '599'],
  ])('of %i is a failure that says "%s"', (status, reason) => {
    expect(judge(answer(status), NOW)).toEqual({
      success: false,
      reason,
      fault: 'destination',
      retryAfter: null,
    });
  });

  it('that never came since nothing was sent is a fault of the shim', () => {
    const fault = 'not sent: there is no secret';
    expect(judge(answer(null, { fault, ours: true }), NOW)).toMatchObject({ reason: fault, fault: 'shim' });
  });

  it('that broke off is a failure whatever its status', () => {
    const fault = 'ECONNRESET: 127.0.0.1:5000 closed the connection before its answer was complete';
    expect(judge(answer(200, { fault }), NOW)).toMatchObject({ success: false, reason: fault });
    expect(judge(answer(null, { fault }), NOW)).toMatchObject({ success: false, reason: fault });
  });

  it('is success for 2xx alone', () => {
    const statuses = Array.from({ length: 900 }, (_, index) => 100 + index);
    const successes = statuses.filter((status) => judge(answer(status), NOW).success);
    expect(successes).toEqual(statuses.filter((status) => String(status).startsWith('2')));
  });

  it('hands on what it says of when to come again', () => {
    expect(judge(answer(503, { retryAfter: '120' }), NOW)).toMatchObject({ retryAfter: 120_000 });
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    [' 7 ', 7_000],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
  ])('"%s" asks for %i ms', (value, wait) => expect(parseRetryAfter(value, NOW)).toBe(wait));

  it.each(['', 'soon', '-5', '1.5', '2026-01-01T00:01:00Z', '1e3', 'Mon', '1 Feb 2026'])(
    '"%s" asks for nothing',
    (value) => {
      expect(parseRetryAfter(value, NOW)).toBeNull();
    },
  );

  it('never gives a wait that is no number, or negative', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const wait = parseRetryAfter(value, NOW);
        expect(wait === null || wait >= 0).toBe(true);
      }),
    );
  });
});
