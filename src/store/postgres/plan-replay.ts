import type { DeliveryState, SendingMode } from '../../model.js';
import { isWhole } from '../conversion-rules.js';
import type { AddedDelivery, NewDelivery } from '../rows.js';
import { dayOfId, idOf } from './ids.js';
import type { Made } from './new-deliveries.js';

/** An event of a webhook of which some event is to be delivered again. */
export interface Sibling {
  readonly id: number;
  readonly webhookId: number;
  readonly duplicateOf: number | null;
  readonly size: number;
}

interface Latest {
  readonly id: number;
  readonly mode: SendingMode;
  readonly state: DeliveryState;
}

export interface Known {
  /** In the order of their ids. */
  readonly siblings: readonly Sibling[];
  /** Of these events, the oldest first. */
  readonly deliveries: readonly (Latest & { readonly eventId: number; readonly destination: string })[];
}

/** What is to be made, each in sight of those before it. @param numbers one for each, that nobody else has */
export function planReplay(
  batch: readonly NewDelivery[],
  { siblings, deliveries }: Known,
  numbers: readonly number[],
  now: number,
): { readonly made: readonly Made[]; readonly outcomes: readonly AddedDelivery[] } {
  const events = new Map(siblings.map((event) => [event.id, event]));
  const eventsOf = (webhookId: number) => siblings.filter((event) => event.webhookId === webhookId);
  const latest = new Map<string, Latest>();
  const note = (event: Sibling, destination: string, delivery: Latest): void => {
    latest.set(ofEvent(event, destination), delivery);
    latest.set(ofWebhook(event, destination), delivery);
  };
  for (const delivery of deliveries) {
    const event = events.get(delivery.eventId);
    if (event) note(event, delivery.destination, delivery);
  }

  const made: Made[] = [];
  const outcomes = batch.map((wanted): AddedDelivery => {
    const { eventId, destination, mode } = wanted;
    const event = events.get(eventId);
    if (!event) return { outcome: 'no_event' };
    const whole = !wanted.oncePerWebhook || isWhole(eventsOf(event.webhookId));
    const before = latest.get((wanted.oncePerWebhook && whole ? ofWebhook : ofEvent)(event, destination));
    if (before?.state === 'pending' || before?.state === 'sending') {
      return { outcome: 'waiting', id: before.id };
    }
    if (before?.state === 'delivered' && before.mode === mode && wanted.unlessDelivered) {
      return { outcome: 'delivered', id: before.id };
    }
    const id = idOf(dayOfId(eventId), numbers[made.length] ?? 0);
    const { webhookId, size } = event;
    made.push({ id, eventId, webhookId, destination, mode, share: 100, whole, size, dueAt: now });
    note(event, destination, { id, mode, state: 'pending' });
    return { outcome: 'added', id };
  });
  return { made, outcomes };
}

const ofEvent = ({ id }: Sibling, destination: string): string => `event ${id} ${destination}`;
const ofWebhook = ({ webhookId }: Sibling, destination: string): string =>
  `webhook ${webhookId} ${destination}`;
