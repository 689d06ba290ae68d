import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config, DestinationConfig } from '../../src/config/config.js';
import { createExamine } from '../../src/convert/examine.js';
import { createMeets } from '../../src/convert/route.js';
import { type Dispatcher, startDispatcher } from '../../src/delivery/dispatcher.js';
import { StoreError } from '../../src/errors.js';
import { DEFAULT_STATUSES } from '../../src/formats/legacy.js';
import { formatOf, readRequestBody } from '../../src/formats/request-body.js';
import type { NewWebhook, Route, Settlement, Verified } from '../../src/model.js';
import { openStore } from '../../src/store/open.js';
import type { DeliveryDetail } from '../../src/store/rows.js';
import type { Store } from '../../src/store/store.js';
import { memoryLog } from '../support/http.js';
import { documentedSignature } from '../support/listener.js';

export const SECRET = 'E_AI_K_delivery-test';
export const source = {
  name: 'extracta',
  path: '/webhook',
  secrets: [SECRET],
  format: 'auto',
  dedupWindow: 0,
  statuses: {},
  inferEdited: false,
  contracts: [],
  keepRefused: 0,
} as const;

export const destinationAt = (url: string, more: Partial<DestinationConfig> = {}): DestinationConfig => ({
  name: 'billing',
  url,
  sources: ['extracta'],
  events: ['*'],
  when: null,
  format: 'new',
  mode: 'live',
  share: 100,
  alternative: null,
  secret: null,
  standardSecret: null,
  headers: {},
  timeout: 10_000,
  concurrency: 4,
  rate: null,
  ordered: null,
  breaker: { failures: 0, window: 60_000, cooldown: 30_000 },
  retry: { attempts: 4, schedule: [0, 5_000, 60_000], jitter: 0 },
  tls: null,
  proxy: null,
  ...more,
});

const routeTo = (destination: string): Route => ({
  destination,
  mode: 'live',
  share: 100,
  oncePerWebhook: false,
  delay: 0,
});

type Verbs = Parameters<typeof startDispatcher>[0]['store'];

/** A store in a folder of its own, deliveries in it, and dispatchers on it, all with one clock that stands still. */
export class Setup {
  readonly store: Store;
  readonly log = memoryLog();
  /** Verbs that fail now. */
  readonly broken = new Set<keyof Verbs>();
  /** Deliveries whose outcome the store cannot take, nor any batch that it is in. */
  readonly untakable = new Set<number>();
  /** What a claim waits for before it returns. */
  claimGate: Promise<void> = Promise.resolve();
  /** What happens while it is found out whether a `when` is met. */
  meeting: () => Promise<void> = async () => {};
  /** What was handed to the store. */
  readonly settled: Settlement[] = [];
  /** What was told of each attempt. */
  readonly attempted: string[] = [];
  /** Closed with it. */
  readonly handlers: { close(): Promise<void> }[] = [];
  /** How often a broken verb was called. */
  failures = 0;
  /** How often deliveries were claimed. */
  claims = 0;
  time = 1_700_000_000_000;
  readonly #folder: string;
  readonly #dispatchers: Dispatcher[] = [];

  static async create(): Promise<Setup> {
    const folder = await mkdtemp(join(tmpdir(), 'shim-delivery-'));
    return new Setup(folder, await openStore('sqlite:shim.db', { mode: 'own', cwd: folder }));
  }

  private constructor(folder: string, store: Store) {
    this.#folder = folder;
    this.store = store;
  }

  /** Puts events for the destinations into the store. @returns the ids of their deliveries. */
  async add(
    ...events: readonly { readonly id: string; readonly to: readonly string[] }[]
  ): Promise<number[]> {
    const webhooks = events.map(({ id }) => ({
      source: source.name,
      format: 'legacy',
      receivedAt: this.time,
      body: JSON.stringify({ result: JSON.stringify([{ extractionId: id }]) }),
      signature: 'checked',
      secretIndex: 0,
    }));
    const ids = await this.store.putWebhooks(webhooks as unknown as Verified<NewWebhook>[]);
    const conversions = events.map(({ id, to }, index) => ({
      outcome: 'converted' as const,
      webhookId: ids[index] ?? 0,
      duplicatesSince: null,
      events: [
        {
          event: 'extraction.processed',
          messageId: id,
          body: null,
          plain: true,
          files: [],
          destinations: to.map(routeTo),
        },
      ],
    }));
    await this.store.saveConversions(conversions, this.time);
    const rows = await this.store.listDeliveries({ limit: events.length * 2 });
    const added = new Set(events.map(({ id }) => id));
    return rows
      .filter(({ messageId }) => added.has(messageId))
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  }

  /** Puts webhooks into the store, signed as the vendor does, and converts them. */
  async receive(destinations: readonly DestinationConfig[], ...bodies: readonly string[]): Promise<void> {
    const rules = { ...source, statuses: DEFAULT_STATUSES, dedupWindow: 3_600_000 };
    const examine = createExamine({ sources: [rules], destinations });
    const webhooks = bodies.map((body) => ({
      source: source.name,
      format: formatOf(readRequestBody(body)),
      receivedAt: this.time,
      body,
      signature: documentedSignature(body, SECRET),
      secretIndex: 0,
    }));
    await this.store.putWebhooks(webhooks as unknown as Verified<NewWebhook>[]);
    const claimed = await this.store.claimWebhooks({ limit: bodies.length, now: this.time, lease: 60_000 });
    const conversions = claimed.map((webhook) => examine(webhook).conversion);
    const lost = conversions.find(({ outcome }) => outcome === 'quarantined');
    if (lost !== undefined) throw new Error(`quarantined: ${JSON.stringify(lost)}`);
    await this.store.saveConversions(conversions, this.time);
  }

  dispatch(...destinations: readonly DestinationConfig[]): Dispatcher {
    return this.#start(this.configOf(...destinations));
  }

  configOf(...destinations: readonly DestinationConfig[]): Pick<Config, 'sources' | 'destinations'> {
    return { sources: [source], destinations };
  }

  /** Where nothing is configured any more that could sign. */
  dispatchWithoutSources(...destinations: readonly DestinationConfig[]): Dispatcher {
    return this.#start({ sources: [], destinations });
  }

  #start(config: Pick<Config, 'sources' | 'destinations'>): Dispatcher {
    const dispatcher = startDispatcher({
      config,
      store: this.#verbs(),
      log: this.log,
      attempts: (destination) => (outcome) => this.attempted.push(`${destination}: ${outcome}`),
      meets: async (...asked) => {
        await this.meeting();
        return createMeets(config.destinations)(...asked);
      },
      now: () => this.time,
      random: () => 0.5,
      pollInterval: 5,
    });
    this.#dispatchers.push(dispatcher);
    return dispatcher;
  }

  async delivery(id: number | undefined): Promise<DeliveryDetail> {
    const detail = await this.store.getDelivery(id ?? 0);
    if (detail === null) throw new Error(`no delivery ${id}`);
    return detail;
  }

  async count(status: DeliveryDetail['status']): Promise<number> {
    return (await this.store.listDeliveries({ limit: 10_000, status })).length;
  }

  /** How many deliveries were handed back. */
  released(): number {
    return this.settled.filter(({ outcome }) => outcome === 'released').length;
  }

  async end(): Promise<void> {
    this.broken.clear();
    await Promise.all(this.#dispatchers.map((dispatcher) => dispatcher.stop(0)));
    await Promise.all(this.handlers.map((handler) => handler.close()));
    await this.store.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The store, but for what is broken. */
  #verbs(): Verbs {
    const { store, broken } = this;
    const unless = async <T>(verb: keyof Verbs, run: () => Promise<T>): Promise<T> => {
      if (!broken.has(verb)) return run();
      this.failures++;
      throw new StoreError('store_unavailable', `${verb} does not work`);
    };
    return {
      claimDeliveries: (request) =>
        unless('claimDeliveries', async () => {
          const claimed = await store.claimDeliveries(request);
          this.claims++;
          await this.claimGate;
          return claimed;
        }),
      settle: (batch) =>
        unless('settle', () => {
          this.settled.push(...batch);
          const fault = batch.find(({ deliveryId }) => this.untakable.has(deliveryId));
          if (fault !== undefined) throw new StoreError('store_unavailable', 'a value that it cannot take');
          return store.settle(batch);
        }),
      pauseDestination: (request) => unless('pauseDestination', () => store.pauseDestination(request)),
      openBreaker: (request) => unless('openBreaker', () => store.openBreaker(request)),
      closeBreaker: (destination) => unless('closeBreaker', () => store.closeBreaker(destination)),
      destinationStates: () => unless('destinationStates', () => store.destinationStates()),
      listBacklogs: (limit) => unless('listBacklogs', () => store.listBacklogs(limit)),
      setOrder: (destination, by) => unless('setOrder', () => store.setOrder(destination, by)),
      listUnkeyed: (request) => unless('listUnkeyed', () => store.listUnkeyed(request)),
      keyDeliveries: (request) => unless('keyDeliveries', () => store.keyDeliveries(request)),
      listReplayable: (query) => unless('listReplayable', () => store.listReplayable(query)),
      getEvent: (ref) => unless('getEvent', () => store.getEvent(ref)),
      splitDelivery: (...args) => unless('splitDelivery', () => store.splitDelivery(...args)),
      lineUp: (...args) => unless('lineUp', () => store.lineUp(...args)),
      releaseExpired: (now) => unless('releaseExpired', () => store.releaseExpired(now)),
    };
  }
}
