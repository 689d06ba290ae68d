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
import type { Log } from '../telemetry/log.js';

/** Deliveries that get their keys in one step. */
const STEP = 64;
/**
 * Milliseconds. A delivery whose keys took longer to find ends a step, for they are also many to write: meanwhile senders
 * wait. With 64 of 8 MB in one step it was for half a minute.
 */
const LONG = 10;

/**
 * Milliseconds. An instance with another configuration may have set another order since, and be gone: in one that nobody
 * here keeps nothing would get its keys, and so nothing would go out. Not sooner, for while both are there each sets its
 * own, and all that waits is put in line anew.
 */
const SET_AGAIN = 30_000;

type Ordered = Pick<DestinationConfig, 'name' | 'ordered'>;

/**
 * Puts a destination in order, or out of it, before anything is claimed, and from then on what waits for its keys in
 * line: what is new, replayed or moved here alike, so that nobody else needs to know of it.
 *
 * @returns to be called before each claim; rejects where the store does not work
 */
export function createOrder(
  { name, ordered }: Ordered,
  {
    store,
    log,
    now,
  }: {
    readonly store: Pick<Store, 'setOrder' | 'listUnkeyed' | 'keyDeliveries'>;
    readonly log: Pick<Log, 'warn'>;
    readonly now: () => number;
  },
): () => Promise<void> {
  let setAt: number | null = null;
  const set = async (): Promise<void> => {
    if (setAt !== null && Math.abs(now() - setAt) < SET_AGAIN) return;
    if ((await store.setOrder(name, ordered)) && setAt !== null) {
      const fields = { destination: name, ordered: ordered ?? 'none' };
      log.warn(fields, 'an instance with another configuration had set another order: give all the same');
    }
    setAt = now();
  };
  return async () => {
    await set();
    if (ordered === null) return;
    for (let found = STEP; found === STEP; ) {
      const unkeyed = await store.listUnkeyed({ destination: name, limit: STEP });
      let keyed = 0;
      let deliveries: KeyedDelivery[] = [];
      for (const each of unkeyed) {
        const begun = performance.now();
        deliveries.push({ deliveryId: each.id, keys: keysOf(ordered, each) });
        if (each !== unkeyed.at(-1) && performance.now() - begun < LONG) continue;
        keyed += await store.keyDeliveries({ destination: name, by: ordered, deliveries });
        deliveries = [];
      }
      // Where it takes none, another instance was faster, or has set another order.
      found = keyed === 0 ? 0 : unkeyed.length;
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
