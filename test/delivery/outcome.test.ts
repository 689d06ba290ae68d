import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/delivery/answer.js';
import { outcomeOf } from '../../src/delivery/outcome.js';

const retry = { attempts: 3, schedule: [0, 5_000, 60_000], jitter: 0 };
const live = { mode: 'live', retry } as const;
const at = { startedAt: 1_000, now: 1_250, random: 0.5 };
const delivery = (attempts: number) => ({ id: 7, fence: 3, attempts, mode: 'live', share: 100 }) as const;
const answer = (status: number, more: Partial<Answer> = {}): Answer => ({
  duration: 250,
  status,
  response: 'what it said',
  retryAfter: null,
  ours: false,
  fault: null,
  ...more,
});

describe('what becomes of a delivery', () => {
  it('is delivered, with the attempt as it was', () => {
    expect(outcomeOf(delivery(0), answer(200), live, at)).toEqual({
      deliveryId: 7,
      fence: 3,
      outcome: 'delivered',
      attempt: {
        startedAt: 1_000,
        duration: 250,
        status: 200,
        error: null,
        response: 'what it said',
        mode: 'live',
        share: 100,
      },
    });
  });

  it('is tried again after the scheduled wait, from when it failed', () => {
    const settlement = outcomeOf(delivery(0), answer(500), live, at);
    expect(settlement).toMatchObject({ outcome: 'retry', dueAt: 6_250 });
    expect(settlement.attempt).toMatchObject({ status: 500, error: '500 Internal Server Error' });
    expect(outcomeOf(delivery(1), answer(500), live, at)).toMatchObject({ outcome: 'retry', dueAt: 61_250 });
  });

  it('is tried again when the destination asks for it', () => {
    const settlement = outcomeOf(delivery(0), answer(429, { retryAfter: '30' }), live, at);
    expect(settlement).toMatchObject({ outcome: 'retry', dueAt: 31_250 });
  });

  it('is a dead letter with a reason once its attempts are used up', () => {
    expect(outcomeOf(delivery(2), answer(503), live, at)).toMatchObject({
      outcome: 'dead',
      reason: '3 attempts failed; last: 503 Service Unavailable',
    });
    expect(
      outcomeOf(delivery(0), answer(400), { ...live, retry: { ...retry, attempts: 1 } }, at),
    ).toMatchObject({
      outcome: 'dead',
      reason: '1 attempt failed; last: 400 Bad Request',
    });
  });

  it('is missed, with the attempt, where a shadow fails, whatever its schedule and its answer ask for', () => {
    const shadow = { mode: 'shadow', retry } as const;
    const asked = answer(429, { retryAfter: '30' });
    expect(outcomeOf({ ...delivery(0), mode: 'shadow', share: 25 }, asked, shadow, at)).toEqual({
      deliveryId: 7,
      fence: 3,
      outcome: 'missed',
      attempt: {
        startedAt: 1_000,
        duration: 250,
        status: 429,
        error: '429 Too Many Requests',
        response: 'what it said',
        mode: 'shadow',
        share: 25,
      },
    });
    expect(outcomeOf({ ...delivery(0), mode: 'shadow' }, answer(204), shadow, at)).toMatchObject({
      outcome: 'delivered',
      attempt: { mode: 'shadow' },
    });
  });

  it("is a shadow's where it was made for one, or its destination is one by now", () => {
    const shadow = { mode: 'shadow', retry } as const;
    const own = { outcome: 'missed', attempt: { mode: 'shadow' } };
    expect(outcomeOf({ ...delivery(0), mode: 'shadow' }, answer(500), live, at)).toMatchObject(own);
    expect(outcomeOf(delivery(1), answer(500), shadow, at)).toMatchObject(own);
  });
});
