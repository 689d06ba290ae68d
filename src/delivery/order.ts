import { performance } from 'node:perf_hooks';
import type { DestinationConfig } from '../config/config.js';
import { legacyResultText, newBody } from '../formats/forward.js';
import { fileText } from '../formats/identity.js';
import { itemsOf, memberOf } from '../formats/json-text.js';
import { legacyFiles } from '../formats/legacy.js';
import { orderKeys } from '../formats/order-keys.js';
import type { OrderedBy } from '../model.js';
import type { KeyedDelivery, UnkeyedDelivery } from '../store/destination-verbs.js';
import type { Store } from '../store/store.js';

/** Deliveries that get their keys in one step. */
const STEP = 64;
/**
 * Milliseconds. A delivery whose keys took longer to find ends a step, for they are also many to write: meanwhile senders
 * wait. With 64 of 8 MB in one step it was for half a minute.
 */
const LONG = 10;

type Ordered = Pick<DestinationConfig, 'name' | 'ordered'>;

/**
 * Puts a destination in order, or out of it, before anything is claimed, and from then on what waits for its keys in
 * line: what is new, replayed or moved here alike, so that nobody else needs to know of it.
 *
 * @returns to be called before each claim; rejects where the store does not work
 */
export function createOrder(
  { name, ordered }: Ordered,
  store: Pick<Store, 'setOrder' | 'listUnkeyed' | 'keyDeliveries'>,
): () => Promise<void> {
  let isSet = false;
  return async () => {
    if (!isSet) await store.setOrder(name, ordered);
    isSet = true;
    if (ordered === null) return;
    for (let found = STEP; found === STEP; ) {
      const unkeyed = await store.listUnkeyed({ destination: name, limit: STEP });
      found = unkeyed.length;
      let deliveries: KeyedDelivery[] = [];
      for (const each of unkeyed) {
        const begun = performance.now();
        deliveries.push({ deliveryId: each.id, keys: keysOf(ordered, each) });
        if (each !== unkeyed.at(-1) && performance.now() - begun < LONG) continue;
        await store.keyDeliveries({ destination: name, by: ordered, deliveries });
        deliveries = [];
      }
    }
  };
}

/** The lines that a delivery is in. What cannot be read is in one with all of its source that cannot. */
export function keysOf(by: OrderedBy, delivery: UnkeyedDelivery): readonly string[] {
  const { source } = delivery.webhook;
  try {
    return orderKeys(by, source, filesOf(delivery).map(fileText));
  } catch {
    return orderKeys(by, source, []);
  }
}

/**
 * Of what goes out: of a webhook that goes out as it came, those of its other events as well. So too where its destination
 * takes events by now: their deliveries are made once this one is claimed, and nothing later is to go out before.
 */
function filesOf(delivery: UnkeyedDelivery): readonly string[] {
  const { webhook, whole } = delivery;
  if (webhook.format === 'legacy' && whole) return legacyFiles(legacyResultText(webhook.body));
  return itemsOf(memberOf(newBody(delivery), 'result') ?? '[]');
}
