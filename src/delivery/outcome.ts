import type { RetryConfig } from '../config/config.js';
import type { Attempt, ClaimedDelivery, Settlement } from '../model.js';
import type { Answer } from './answer.js';
import { judge } from './judge.js';
import { delayAfter } from './schedule.js';

/** What becomes of a delivery after an answer: delivered, tried again, or a dead letter. */
export function outcomeOf(
  delivery: Pick<ClaimedDelivery, 'id' | 'fence' | 'attempts'>,
  answer: Answer,
  retry: RetryConfig,
  at: { readonly startedAt: number; readonly now: number; readonly random: number },
): Settlement & { readonly attempt: Attempt } {
  const verdict = judge(answer, at.now);
  const attempt: Attempt = {
    startedAt: at.startedAt,
    duration: answer.duration,
    status: answer.status,
    error: verdict.success ? null : verdict.reason,
    response: answer.response,
  };
  const held = { deliveryId: delivery.id, fence: delivery.fence, attempt };
  if (verdict.success) return { ...held, outcome: 'delivered' };

  const attempts = delivery.attempts + 1;
  const delay = delayAfter(retry, attempts, at.random, verdict.retryAfter);
  if (delay !== null) return { ...held, outcome: 'retry', dueAt: at.now + delay };
  const count = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return { ...held, outcome: 'dead', reason: `${count} failed; last: ${verdict.reason}` };
}
