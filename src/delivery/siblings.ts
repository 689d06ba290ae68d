import type { Takes } from '../convert/route.js';
import { eventsOfWebhook, eventValue } from '../migration/replayable.js';
import type { ClaimedDelivery } from '../model.js';
import type { ReplayableEvent } from '../store/rows.js';
import type { Store } from '../store/store.js';

/**
 * What waited for a handler in the old format, before it came to take events, is one delivery for each webhook, by one of
 * its events: that alone would be sent. Makes deliveries of the others that the destination takes. Called again, it makes
 * none twice.
 */
export async function addSiblings(
  delivery: ClaimedDelivery,
  takes: Takes,
  store: Pick<Store, 'listReplayable' | 'getEvent' | 'splitDelivery'>,
  now: number,
): Promise<void> {
  const { id, webhook, receivedAt, destination, mode } = delivery;
  const events = await eventsOfWebhook(store, { webhookId: webhook.id, receivedAt });
  const others = events.filter((event) => event.id !== delivery.eventId);
  const missing = others.filter(({ latest }) => latest.every((each) => each.destination !== destination));
  const taken: ReplayableEvent[] = [];
  for (const event of missing) {
    const read = () => eventValue(event.id, store);
    if (event.duplicateOf === null && (await takes(destination, event, read))) taken.push(event);
  }
  // Where all of them have gone along, and would again, it stays as it is.
  if (taken.length === 0 && missing.length === others.length) return;
  const rules = { destination, mode, unlessDelivered: true, oncePerWebhook: false };
  await store.splitDelivery(
    id,
    taken.map(({ id: eventId }) => ({ eventId, ...rules })),
    now,
  );
}
