import type { Config, DestinationConfig } from '../config/config.js';
import { eventsOfWebhook } from '../migration/replayable.js';
import { canGoWhole } from '../migration/siblings.js';
import type { ReplayableEvent } from '../store/rows.js';
import type { Store } from '../store/store.js';
import { goesWhole } from './went-whole.js';

type Port = Pick<Store, 'listDeliveries' | 'getEvent' | 'listReplayable' | 'addDeliveries'>;

/** Deliveries that are looked through, and events whose deliveries are made, at a time. */
const STEP = 500;

/**
 * What waits for a handler in the old format is a delivery for each webhook, by one of its events. One that takes events
 * would get that alone: it gets those that were to go with it, unless it has them. Called again, it makes none twice.
 *
 * @returns how many deliveries were made
 */
export async function addSiblings(
  from: string,
  to: DestinationConfig,
  {
    store,
    config,
    now,
  }: { readonly store: Port; readonly config: Pick<Config, 'destinations'>; readonly now: number },
): Promise<number> {
  if (to.format === 'legacy') return 0;
  const isWhole = goesWhole(config, to);
  const delivery = {
    destination: to.name,
    mode: to.mode === 'shadow' ? to.mode : 'live',
    unlessDelivered: true,
    oncePerWebhook: false,
  } as const;
  let made = 0;
  for await (const eventIds of waitingFor(from, store)) {
    const siblings = (await Promise.all(eventIds.map((id) => siblingsOf(id, from, store)))).flat();
    const wanted = siblings.filter((event) => isWhole(from, event));
    const batch = wanted.map(({ id: eventId }) => ({ eventId, ...delivery }));
    const added = batch.length === 0 ? [] : await store.addDeliveries(batch, now);
    made += added.filter(({ outcome }) => outcome === 'added').length;
  }
  return made;
}

async function* waitingFor(
  destination: string,
  store: Pick<Store, 'listDeliveries'>,
): AsyncGenerator<readonly number[]> {
  let before: number | undefined;
  for (;;) {
    const query = { destination, status: 'pending', limit: STEP } as const;
    const rows = await store.listDeliveries(before === undefined ? query : { ...query, before });
    yield rows.map(({ eventId }) => eventId);
    before = rows.at(-1)?.id;
    if (rows.length < STEP) return;
  }
}

/** Events that went, or were to go, to a handler of webhooks with this one. */
async function siblingsOf(
  eventId: number,
  destination: string,
  store: Pick<Store, 'getEvent' | 'listReplayable'>,
): Promise<readonly ReplayableEvent[]> {
  const event = await store.getEvent(eventId);
  if (event?.format !== 'legacy') return [];
  const events = await eventsOfWebhook(store, event);
  if (!canGoWhole(events)) return [];
  return events.filter(({ latest }) => latest.every((delivery) => delivery.destination !== destination));
}
