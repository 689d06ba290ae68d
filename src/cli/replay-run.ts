import type { Config } from '../config/config.js';
import type { Examine } from '../convert/examine.js';
import { type Reconversion, reconvert } from '../convert/reconversion.js';
import { type ReplayChoice, replayedTo, sparesDelivered } from '../migration/replay.js';
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
      const mode = config.mode === 'shadow' ? 'shadow' : 'live';
      const oncePerWebhook = config.format === 'legacy';
      return {
        event,
        destination,
        delivery: { eventId: event.id, destination, mode, unlessDelivered, oncePerWebhook },
      };
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

/** The same without doing it, with what each event would become today. */
export async function previewReplay(
  planned: readonly Planned[],
  store: Pick<Store, 'getEvent'>,
  examine: Examine,
  each: (replayed: Replayed) => void,
): Promise<void> {
  const reconversions = new Map<number, Reconversion>();
  const webhooks = new Set<string>();
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
      reconversion = reconvert(detail, examine);
      reconversions.set(event.id, reconversion);
    }
    const webhook = JSON.stringify([event.webhookId, destination]);
    const isCovered = plan.delivery.oncePerWebhook && webhooks.has(webhook);
    webhooks.add(webhook);
    const outcome = isCovered ? 'waiting' : expected(event, plan.delivery);
    each({ event, destination, outcome, deliveryId: null, reconversion });
  }
}

function expected(event: ReplayableEvent, delivery: NewDelivery): 'added' | 'waiting' | 'delivered' {
  const latest = event.latest.find(({ destination }) => destination === delivery.destination);
  return outcomeBeside(latest && { mode: latest.mode, state: latest.status }, delivery);
}
