import type { DestinationConfig } from '../config/config.js';
import { takesByName } from '../convert/route.js';
import { eventsOfWebhook } from '../migration/replayable.js';
import type { ClaimedDelivery } from '../model.js';
import type { Store } from '../store/store.js';

/**
 * What waited for a handler in the old format, before it came to take events, is one delivery for each webhook, by one of
 * its events: that alone would be sent. Makes deliveries of the others that the destination takes. Called again, it makes
 * none twice.
 */
export async function addSiblings(
  delivery: ClaimedDelivery,
  destination: Pick<DestinationConfig, 'name' | 'sources' | 'events'>,
  store: Pick<Store, 'listReplayable' | 'addDeliveries'>,
  now: number,
): Promise<void> {
  const { webhook, receivedAt, mode } = delivery;
  const events = await eventsOfWebhook(store, { webhookId: webhook.id, receivedAt });
  const missing = events.filter(
    ({ source, event, duplicateOf, latest }) =>
      duplicateOf === null &&
      takesByName(destination, source, event) &&
      latest.every((each) => each.destination !== destination.name),
  );
  if (missing.length === 0) return;
  const rules = { destination: destination.name, mode, unlessDelivered: true, oncePerWebhook: false };
  await store.addDeliveries(
    missing.map(({ id: eventId }) => ({ eventId, ...rules })),
    now,
  );
}
