import type { Config } from '../config/config.js';
import { excessOf } from '../convert/batch.js';
import { createTakes, type Meets } from '../convert/route.js';
import { type ReplayChoice, replayedTo } from '../migration/replay.js';
import { eventsOfWebhook, eventValue, type Page } from '../migration/replayable.js';
import { canGoWhole } from '../migration/siblings.js';
import type { ReplayableEvent } from '../store/rows.js';
import type { Store } from '../store/store.js';

/** Told of an event of which it cannot be found out whether it is for a destination, and why. */
type OnExcess = (event: Pick<ReplayableEvent, 'id'>, destination: string, excess: string) => void;

type Port = Pick<Store, 'getEvent' | 'listReplayable'>;

/**
 * The same pages, with what had gone along: where an event goes once more to a destination that got the webhook as it
 * came, and that takes events by now, the others of its webhook have no delivery there that could be made again.
 */
export async function* withGoneAlong(
  pages: AsyncIterable<Page>,
  store: Port,
  {
    choice,
    config,
    meets,
    onExcess,
  }: {
    readonly choice: ReplayChoice;
    readonly config: Pick<Config, 'destinations'>;
    readonly meets: Meets;
    readonly onExcess: OnExcess;
  },
): AsyncGenerator<Page> {
  const takesEvents = new Set(
    config.destinations.flatMap(({ name, format }) => (format === 'new' ? name : [])),
  );
  const takes = createTakes(config.destinations, meets);
  const isFor = async (event: ReplayableEvent, destination: string): Promise<boolean> => {
    try {
      return await takes(destination, event, () => eventValue(event.id, store));
    } catch (error) {
      const excess = excessOf(error);
      if (excess === null) throw error;
      onExcess(event, destination, excess);
      return false;
    }
  };

  /** What had gone along with an event, each with the delivery that it went by. */
  const goneWith = async (event: ReplayableEvent, page: Page): Promise<Page> => {
    const chosen = replayedTo(event, choice).filter((name) => takesEvents.has(name));
    if (event.format !== 'legacy' || chosen.length === 0) return [];
    const events = await webhookOf(event, page, choice, store);
    if (!canGoWhole(events)) return [];
    const along: ReplayableEvent[] = [];
    for (const delivery of event.latest.filter(({ destination }) => chosen.includes(destination))) {
      const others = events.filter((other) => !hasBeenAt(other, delivery.destination));
      for (const other of others) {
        if (await isFor(other, delivery.destination)) along.push({ ...other, latest: [delivery] });
      }
    }
    return along;
  };

  for await (const page of pages) {
    const along = new Map<string, ReplayableEvent>();
    for (const event of page) {
      for (const other of await goneWith(event, page)) {
        along.set(`${other.id} ${other.latest[0]?.destination}`, other);
      }
    }
    yield along.size === 0 ? page : [...page, ...along.values()];
  }
}

const hasBeenAt = ({ latest }: ReplayableEvent, name: string): boolean =>
  latest.some(({ destination }) => destination === name);

/** Those of a period are in order of arrival: amid a page all of a webhook are at hand. */
async function webhookOf(
  event: ReplayableEvent,
  page: Page,
  { of }: ReplayChoice,
  store: Port,
): Promise<Page> {
  const [first, last] = [page[0]?.receivedAt, page.at(-1)?.receivedAt];
  const isAmid = of === 'period' && event.receivedAt !== first && event.receivedAt !== last;
  return isAmid
    ? page.filter(({ webhookId }) => webhookId === event.webhookId)
    : eventsOfWebhook(store, event);
}
