import type { Config } from '../config/config.js';
import type { ExamineAll } from '../convert/batch.js';
import { type Reconversion, reconvert } from '../convert/reconversion.js';
import { sendingTo } from '../convert/route.js';
import { type ReplayChoice, replayedTo, sparesDelivered } from '../migration/replay.js';
import { eventsOfWebhook } from '../migration/replayable.js';
import { canGoWhole } from '../migration/siblings.js';
import { outcomeBeside } from '../store/replay-rules.js';
import type { AddedDelivery, NewDelivery, ReplayableEvent } from '../store/rows.js';
import type { Store } from '../store/store.js';

export interface ReplayRules {
  readonly choice: ReplayChoice;
  readonly config: Pick<Config, 'destinations'>;
}

/** One event for one destination; or, where there is none for it, why. */
type Planned =
  | { readonly event: ReplayableEvent; readonly destination: string; readonly delivery: NewDelivery }
  | {
      readonly event: ReplayableEvent;
      readonly destination: string | null;
      readonly outcome: 'not_configured' | 'never_delivered';
    };

/** What became of it. */
export interface Replayed {
  readonly event: ReplayableEvent;
  readonly destination: string | null;
  readonly outcome: AddedDelivery['outcome'] | 'not_configured' | 'never_delivered';
  /** The new delivery, or the one that is in its way; null where there is none, as in a dry run. */
  readonly deliveryId: number | null;
  /** In a dry run. */
  readonly reconversion: Reconversion | null;
}

export function planReplay(
  page: readonly ReplayableEvent[],
  { choice, config }: ReplayRules,
): readonly Planned[] {
  const configured = new Map(config.destinations.map((each) => [each.name, each]));
  const unlessDelivered = sparesDelivered(choice);
  return page.flatMap((event): readonly Planned[] => {
    const destinations = replayedTo(event, choice);
    if (destinations.length === 0) {
      return choice.of === 'named' ? [{ event, destination: null, outcome: 'never_delivered' }] : [];
    }
    return destinations.map((destination): Planned => {
      const config = configured.get(destination);
      if (config === undefined) return { event, destination, outcome: 'not_configured' };
      const delivery = { eventId: event.id, destination, unlessDelivered, ...sendingTo(config) };
      return { event, destination, delivery };
    });
  });
}

export async function runReplay(
  planned: readonly Planned[],
  store: Pick<Store, 'addDeliveries'>,
  now: number,
  each: (replayed: Replayed) => void,
): Promise<void> {
  const batch = planned.flatMap((plan) => ('delivery' in plan ? [plan.delivery] : []));
  const added = (batch.length === 0 ? [] : await store.addDeliveries(batch, now)).values();
  for (const plan of planned) {
    if (!('delivery' in plan)) {
      each({ ...plan, deliveryId: null, reconversion: null });
      continue;
    }
    const { event, destination } = plan;
    const result = added.next().value ?? { outcome: 'no_event' };
    const deliveryId = 'id' in result ? result.id : null;
    each({ event, destination, outcome: result.outcome, deliveryId, reconversion: null });
  }
}

/**
 * The same without doing it, with what each event would become today.
 *
 * @param covered webhooks of several events that would go to a handler of webhooks by now, for all pages
 */
export async function previewReplay(
  planned: readonly Planned[],
  {
    store,
    examine,
    covered,
  }: { readonly store: Reading; readonly examine: ExamineAll; readonly covered: Set<string> },
  each: (replayed: Replayed) => void,
): Promise<void> {
  const reconversions = new Map<number, Reconversion>();
  for (const plan of planned) {
    const { event, destination } = plan;
    if (!('delivery' in plan)) {
      each({ ...plan, deliveryId: null, reconversion: null });
      continue;
    }
    let reconversion = reconversions.get(event.id);
    if (reconversion === undefined) {
      const detail = await store.getEvent(event.id);
      if (detail === null) continue;
      reconversion = await reconvert(detail, examine);
      reconversions.set(event.id, reconversion);
    }
    const whole = plan.delivery.oncePerWebhook ? await wholeWebhook(event, store) : null;
    const webhook = JSON.stringify([event.webhookId, destination]);
    const latest = whole === null ? event.latest : await latestOf(whole, store);
    const outcome = whole !== null && covered.has(webhook) ? 'waiting' : expected(latest, plan.delivery);
    if (whole !== null && whole.length > 1 && outcome === 'added') covered.add(webhook);
    each({ event, destination, outcome, deliveryId: null, reconversion });
  }
}

type Reading = Pick<Store, 'getEvent' | 'listReplayable'>;

/** The events of a webhook that goes out as it came, all of them at once; null where each goes by itself. */
async function wholeWebhook(
  event: ReplayableEvent,
  store: Reading,
): Promise<readonly ReplayableEvent[] | null> {
  if (event.format !== 'legacy') return null;
  const events = await eventsOfWebhook(store, event);
  return canGoWhole(events) ? events : null;
}

/** The latest delivery of any of these events to each destination. */
async function latestOf(
  events: readonly ReplayableEvent[],
  store: Reading,
): Promise<ReplayableEvent['latest']> {
  const details = await Promise.all(events.map(({ id }) => store.getEvent(id)));
  const rows = details.flatMap((detail) => detail?.deliveryRows ?? []).sort((a, b) => a.id - b.id);
  return [...new Map(rows.map((row) => [row.destination, row])).values()];
}

function expected(
  deliveries: ReplayableEvent['latest'],
  delivery: NewDelivery,
): 'added' | 'waiting' | 'delivered' {
  const latest = deliveries.find(({ destination }) => destination === delivery.destination);
  return outcomeBeside(latest && { mode: latest.mode, state: latest.status }, delivery);
}
