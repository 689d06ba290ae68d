import type { DestinationConfig } from '../config/config.js';
import type { Attempt, ClaimedDelivery, SendingMode, Settlement } from '../model.js';
import type { Answer } from './answer.js';
import { isGone } from './health.js';
import { judge } from './judge.js';
import { delayAfter } from './schedule.js';

/** What becomes of a delivery after an answer: delivered, tried again, or a dead letter; a shadow's is missed at once. */
export function outcomeOf(
  delivery: Pick<ClaimedDelivery, 'id' | 'fence' | 'attempts' | 'mode' | 'share'>,
  answer: Answer,
  { mode: current, retry }: Pick<DestinationConfig, 'mode' | 'retry'>,
  at: { readonly startedAt: number; readonly now: number; readonly random: number },
): Exclude<Settlement, { readonly outcome: 'released' }> {
  // Both ways no handler misses what it was to get: a shadow's turn is over once it was sent, also where the destination
  // is live by now, and what was for a live one is for others since it is a shadow.
  const mode: SendingMode = current === 'shadow' ? current : delivery.mode;
  const verdict = judge(answer, at.now);
  const attempt: Attempt = {
    startedAt: at.startedAt,
    duration: answer.duration,
    status: answer.status,
    error: verdict.success ? null : verdict.reason,
    fault: verdict.success ? null : verdict.fault,
    response: answer.response,
    mode,
    share: delivery.share,
  };
  const held = { deliveryId: delivery.id, fence: delivery.fence, attempt };
  if (verdict.success) return { ...held, outcome: 'delivered' };
  if (mode === 'shadow') return { ...held, outcome: 'missed' };

  const attempts = delivery.attempts + 1;
  const delay = delayAfter(retry, attempts, at.random, verdict.retryAfter);
  if (delay !== null) return { ...held, outcome: 'retry', dueAt: at.now + delay };
  // The destination is paused by this answer, and whoever resumes it wants all that was for it.
  if (isGone(answer)) return { ...held, outcome: 'retry', dueAt: at.now + (retry.schedule.at(-1) ?? 0) };
  const count = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return { ...held, outcome: 'dead', reason: `${count} failed; last: ${verdict.reason}` };
}
