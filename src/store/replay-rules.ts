import type { DeliveryState, SendingMode } from '../model.js';
import type { NewDelivery } from './rows.js';

/** What a store decides where an event may go to a destination once more. Pure, so that every store decides alike. */

/** The latest delivery of an event to a destination. */
export interface Latest {
  readonly id: number;
  readonly mode: SendingMode;
  readonly state: DeliveryState;
}

type Standing = Pick<Latest, 'mode' | 'state'> | undefined;

export const isUnderWay = (latest: Standing): boolean =>
  latest?.state === 'pending' || latest?.state === 'sending';

export const hasArrived = (latest: Standing, mode: SendingMode): boolean =>
  latest?.state === 'delivered' && latest.mode === mode;

/** Whether a delivery is added, or why the latest one stands for it. */
export function outcomeBeside(
  latest: Standing,
  { mode, unlessDelivered }: Pick<NewDelivery, 'mode' | 'unlessDelivered'>,
): 'added' | 'waiting' | 'delivered' {
  if (isUnderWay(latest)) return 'waiting';
  return unlessDelivered && hasArrived(latest, mode) ? 'delivered' : 'added';
}

/** Why something is not handed over, but discarded. */
export const sparedReason = (to: string): string => `not moved: ${to} has the event already`;
