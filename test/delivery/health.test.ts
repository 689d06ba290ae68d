import { describe, expect, it } from 'vitest';
import { healthOf, isGone } from '../../src/delivery/health.js';

const answer = (status: number | null, fault: string | null = null, ours = false) => ({
  duration: 1,
  status,
  response: null,
  retryAfter: null,
  fault,
  ours,
});

describe('the health that an answer tells', () => {
  it.each([200, 204, 400, 404, 409, 410, 413, 422])('%s: up', (status) =>
    expect(healthOf(answer(status))).toBe('up'),
  );

  it.each([300, 301, 302, 308, 401, 403, 407, 408, 425, 429, 500, 502, 503, 504])('%s: down', (status) =>
    expect(healthOf(answer(status))).toBe('down'),
  );

  it('no answer, or one that broke off: down', () => {
    expect(healthOf(answer(null, 'ECONNREFUSED: nothing listens'))).toBe('down');
    expect(healthOf(answer(null, 'timed out after 15s'))).toBe('down');
    expect(healthOf(answer(200, 'timed out after 15s amid the answer'))).toBe('down');
  });

  it('a fault of ours: nothing', () => expect(healthOf(answer(null, 'not sent', true))).toBe('unknown'));

  it('gone is a whole answer of 410', () => {
    expect(isGone(answer(410))).toBe(true);
    expect(isGone(answer(410, 'timed out'))).toBe(false);
    expect(isGone(answer(404))).toBe(false);
  });
});
