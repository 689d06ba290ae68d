import type { Config, DestinationConfig } from '../config/config.js';
import { excessOf } from '../convert/batch.js';
import { createTakes, type Meets, takesByName } from '../convert/route.js';
import { type ReplayChoice, replayedTo } from '../migration/replay.js';
import { eventsOfWebhook, eventValue, type Page } from '../migration/replayable.js';
import { canGoWhole, withSiblings } from '../migration/siblings.js';
import type { ReplayableEvent } from '../store/rows.js';
import type { Store } from '../store/store.js';
import { byWebhook } from './replay-pages.js';

interface Rules {
  readonly choice: ReplayChoice;
  readonly config: Pick<Config, 'destinations'>;
  /** Null: where the events went. */
  readonly to: DestinationConfig | null;
  readonly store: Port;
  readonly meets: Meets;
  /** Told of what cannot be found out. */
  readonly fail: (message: string) => void;
}

type Port = Pick<Store, 'getEvent' | 'listReplayable'>;

/** With all that a handler of events is to get of webhooks that another one, or it itself, got as they came. */
export function completed(pages: AsyncIterable<Page>, rules: Rules): AsyncIterable<Page> {
  const { choice, config, to, store } = rules;
  if (to === null) return withGoneAlong(pages, rules);
  if (choice.of === 'named' || to.format === 'legacy') return pages;
  return byWebhook(pages, store, (events) => withSiblings(events, goesWhole(config, to)));
}

/**
 * Tells whether what went to a destination was the webhook as it came: to one in the old format. Of one that is no longer
 * configured the format is not known; then what the next one takes goes to that, rather than to nobody.
 */
const goesWhole =
  ({ destinations }: Pick<Config, 'destinations'>, to: Pick<DestinationConfig, 'name'>) =>
  (name: string, event: Pick<ReplayableEvent, 'source' | 'event'>): boolean => {
    const known = destinations.find((each) => each.name === name);
    return known === undefined ? takesByName(destinations, to.name, event) : known.format === 'legacy';
  };

/**
 * The same pages, with what had gone along: where an event goes once more to a destination that got the webhook as it
 * came, and that takes events by now, the others of its webhook have no delivery there that could be made again.
 */
async function* withGoneAlong(
  pages: AsyncIterable<Page>,
  { choice, config, store, meets, fail }: Rules,
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
      fail(`event ${event.id} to ${destination}: not made: ${excess}`);
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
