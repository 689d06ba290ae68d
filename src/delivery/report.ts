import type { ClaimedDelivery } from '../model.js';
import type { Log } from '../telemetry/log.js';
import type { outcomeOf } from './outcome.js';

/** Says in the log what became of an attempt. */
export function reportOutcome(
  log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>,
  delivery: ClaimedDelivery,
  settlement: ReturnType<typeof outcomeOf>,
): void {
  const { status, duration, error, fault } = settlement.attempt;
  const fields = {
    delivery: delivery.id,
    event: delivery.eventId,
    webhook: delivery.webhook.id,
    destination: delivery.destination,
    attempt: delivery.attempts + 1,
    status,
    duration,
  };
  switch (settlement.outcome) {
    case 'delivered':
      log.debug(fields, 'delivered');
      break;
    case 'missed':
      log.info({ ...fields, error, fault }, 'a shadow missed it');
      break;
    case 'dead':
      log.error({ ...fields, reason: settlement.reason, fault }, 'dead letter');
      break;
    case 'retry':
      log.warn(
        { ...fields, error, fault, dueAt: new Date(settlement.dueAt).toISOString() },
        'attempt failed; it will be tried again',
      );
      break;
  }
}

/** Says that a delivery goes out although what came before it in its line did not. */
export function reportGap(log: Pick<Log, 'warn'>, delivery: ClaimedDelivery): void {
  const { id, destination, afterDead, webhook } = delivery;
  // Once is enough, however often it is tried.
  if (afterDead === null || delivery.attempts > 0) return;
  log.warn(
    { delivery: id, webhook: webhook.id, destination, afterDead },
    'goes out although the one before it in line is a dead letter',
  );
}
