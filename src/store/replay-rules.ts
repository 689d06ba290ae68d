import type { DeliveryState, SendingMode } from '../model.js';

/** What a store decides where an event may go to a destination once more. Pure, so that every store decides alike. */

/** The latest delivery of an event to a destination. */
export interface Latest {
  readonly id: number;
  readonly mode: SendingMode;
  readonly state: DeliveryState;
}

export const isUnderWay = (
  latest: Latest | undefined,
): latest is Latest & { readonly state: 'pending' | 'sending' } =>
  latest?.state === 'pending' || latest?.state === 'sending';

export const hasArrived = (latest: Latest | undefined, mode: SendingMode): latest is Latest =>
  latest?.state === 'delivered' && latest.mode === mode;

/** What is not handed over, and why: it becomes a dead letter that says so. */
export const sparedReason = (to: string): string => `not moved: ${to} has the event already`;
