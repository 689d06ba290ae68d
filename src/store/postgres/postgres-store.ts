import { StoreError } from '../../errors.js';
import type { Conversion, NewWebhook, Settlement, Verified } from '../../model.js';
import type { RefusedOfSource, RefusedQuery } from '../refused.js';
import type {
  AddedDelivery,
  DeliveryQuery,
  EventDetail,
  EventQuery,
  ExtractionFields,
  FieldsQuery,
  Hint,
  NewDelivery,
  QuarantineQuery,
  ReplayQuery,
  SightingQuery,
} from '../rows.js';
import type { Store } from '../store.js';
import { Conversions } from './conversions.js';
import type { Database } from './database.js';
import { Days } from './days.js';
import { Deliveries } from './deliveries.js';
import { DeliveryLists } from './delivery-lists.js';
import { DestinationSteering } from './destination-steering.js';
import { diskUse } from './disk-use.js';
import { EventLists } from './event-lists.js';
import { Fields } from './fields.js';
import { Frontiers } from './frontiers.js';
import type { Hints } from './hints.js';
import { Inbox } from './inbox.js';
import { listLastSeen } from './last-seen.js';
import { findLatest } from './latest-accepted.js';
import { Prune, type Step } from './prune.js';
import { Quarantine } from './quarantine.js';
import { Refused } from './refused.js';
import { Replay } from './replay.js';
import { Running } from './running.js';
import { SightingLists } from './sighting-lists.js';
import { UpTimes } from './up-times.js';
import { countWaiting } from './waiting-counts.js';

/** How long a close waits for answers. */
const LAST_ANSWERS = 5_000;

/** The store's verbs over a pool of connections; any number of instances may share the database. */
export class PostgresStore extends DestinationSteering implements Store {
  readonly #running = new Running();
  #closing: Promise<void> | null = null;
  /** Of the server's disk: looked for at first and once it was full, since only what needs more of it is told. */
  #hasRoom = false;
  readonly #inbox: Inbox;
  readonly #conversions: Conversions;
  readonly #deliveries: Deliveries;
  readonly #quarantine: Quarantine;
  readonly #eventLists: EventLists;
  readonly #deliveryLists: DeliveryLists;
  readonly #sightingLists: SightingLists;
  readonly #fields: Fields;
  readonly #frontiers: Frontiers;
  readonly #replay: Replay;
  readonly #prune: Prune;
  readonly #refused: Refused;
  readonly #upTimes: UpTimes;

  /** @param db with the current schema. */
  constructor(
    private readonly db: Database,
    private readonly hints: Hints,
    private readonly where: string,
    private readonly writable: boolean,
  ) {
    const frontiers = new Frontiers();
    const deliveries = new Deliveries(db, frontiers);
    super(db, deliveries, frontiers);
    this.#frontiers = frontiers;
    const days = new Days(db);
    this.#inbox = new Inbox(db, days);
    this.#conversions = new Conversions(db, days);
    this.#deliveries = deliveries;
    this.#quarantine = new Quarantine(db);
    this.#eventLists = new EventLists(db);
    this.#deliveryLists = new DeliveryLists(db);
    this.#sightingLists = new SightingLists(db);
    this.#fields = new Fields(db);
    this.#replay = new Replay(db);
    this.#prune = new Prune(db, days);
    this.#refused = new Refused(db, this.#inbox);
    this.#upTimes = new UpTimes(db);
  }

  async putWebhooks(batch: readonly Verified<NewWebhook>[]) {
    const ids = await this.write(() => this.#inbox.put(batch));
    if (ids.length > 0) this.hints.give('webhooks');
    return ids;
  }

  claimWebhooks({ limit, now, lease }: Parameters<Store['claimWebhooks']>[0]) {
    return this.write(() => this.#inbox.claim(limit, now, lease));
  }

  async saveConversions(batch: readonly Conversion[], now: number) {
    const saved = await this.write(() => this.#conversions.save(batch, now));
    this.#frontiers.reset(now);
    if (saved.some(({ events }) => events.some(({ deliveries }) => deliveries > 0))) {
      this.hints.give('deliveries');
    }
    return saved;
  }

  latestAccepted(files: readonly (readonly Uint8Array[])[]) {
    return this.read(() => findLatest(this.db, files));
  }

  settle(batch: readonly Settlement[]) {
    return this.write(() => this.#deliveries.settle(batch));
  }

  releaseExpired(now: number) {
    return this.write(() => this.#deliveries.releaseExpired(now));
  }

  lineUp(destination: string, now: number) {
    return this.write(() => this.#deliveries.lineUp(destination, now));
  }

  listEvents(query: EventQuery) {
    return this.read(() => this.#eventLists.list(query));
  }

  getEvent(ref: number | string) {
    return this.read(async (): Promise<EventDetail | null> => {
      const found = await this.#eventLists.get(ref);
      if (found === null) return null;
      const [webhook, deliveryRows] = await Promise.all([
        this.#quarantine.webhook(found.row.webhookId),
        this.#deliveryLists.list({ eventId: found.row.id, limit: Number.POSITIVE_INFINITY }),
      ]);
      return webhook && { ...found.row, body: found.body, webhook, deliveryRows };
    });
  }

  listDeliveries(query: DeliveryQuery) {
    return this.read(() => this.#deliveryLists.list(query));
  }

  getDelivery(id: number) {
    return this.read(() => this.#deliveryLists.get(id));
  }

  listQuarantine(query: QuarantineQuery) {
    return this.read(() => this.#quarantine.list(query));
  }

  getWebhook(id: number) {
    return this.read(() => this.#quarantine.webhook(id));
  }

  listReplayable(query: ReplayQuery) {
    return this.read(() => this.#replay.list(query));
  }

  addDeliveries(batch: readonly NewDelivery[], now: number) {
    return this.#added(() => this.#replay.add(batch, now), now);
  }

  splitDelivery(deliveryId: number, others: readonly NewDelivery[], now: number) {
    return this.#added(() => this.#replay.split(deliveryId, others, now), now);
  }

  async #added(add: () => Promise<readonly AddedDelivery[]>, now: number): Promise<readonly AddedDelivery[]> {
    const added = await this.write(add);
    this.#frontiers.reset(now);
    if (added.some(({ outcome }) => outcome === 'added')) this.hints.give('deliveries');
    return added;
  }

  discardQuarantined(ids: readonly number[], note: string, now: number) {
    return this.write(() => this.#quarantine.discard(ids, note, now));
  }

  listSightings(query: SightingQuery) {
    return this.read(() => this.#sightingLists.list(query));
  }

  lastSeen() {
    return this.read(() => listLastSeen(this.db));
  }

  noteUpTime(now: number) {
    return this.write(() => this.#upTimes.note(now));
  }

  upTimes() {
    return this.read(() => this.#upTimes.all());
  }

  waiting(limit: number) {
    return this.read(() => countWaiting(this.db, limit));
  }

  latestAnswers(destination: string, limit: number) {
    return this.read(() => this.#deliveryLists.latestAnswers(destination, limit));
  }

  recordFields(batch: readonly ExtractionFields[]) {
    return this.write(() => this.#fields.record(batch));
  }

  listFields(query: FieldsQuery) {
    return this.read(() => this.#fields.list(query));
  }

  prune(request: Parameters<Store['prune']>[0]): Promise<Step> {
    if (request.dryRun === true) return this.read(() => this.#prune.look(request));
    return this.write(async () => {
      // There are so few of them that the first step takes them all.
      if (request.after === 0) {
        await this.#refused.prune(request.before);
        await this.#upTimes.prune(request.before);
      }
      return this.#prune.step(request);
    });
  }

  recordRefused(batch: readonly RefusedOfSource[]) {
    return this.write(() => this.#refused.record(batch));
  }

  listRefused(query: RefusedQuery) {
    return this.read(() => this.#refused.list(query));
  }

  getRefused(id: number) {
    return this.read(() => this.#refused.get(id));
  }

  refusedCounts() {
    return this.read(() => this.#refused.counts());
  }

  async acceptRefused(batch: Parameters<Store['acceptRefused']>[0]) {
    const ids = await this.write(() => this.#refused.accept(batch));
    if (ids.some((id) => id !== null)) this.hints.give('webhooks');
    return ids;
  }

  diskUse() {
    return this.read(() => diskUse(this.db));
  }

  async ping(now: number) {
    await this.write(() => this.#inbox.ping(now));
    if (this.#hasRoom) return;
    await this.write(() => this.#inbox.prove(now));
    this.#hasRoom = true;
  }

  onHint(callback: (hint: Hint) => void) {
    this.hints.listen(callback);
  }

  close() {
    this.#closing ??= this.#running.close(LAST_ANSWERS, async () => {
      await this.hints.close();
      await this.db.close();
    });
    return this.#closing;
  }

  protected override hintDeliveries() {
    this.hints.give('deliveries');
  }

  protected override async write<T>(run: () => Promise<T>): Promise<T> {
    if (!this.writable) throw new StoreError('store_unwritable', `${this.where} was opened for reading`);
    try {
      return await this.read(run);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'store_full') this.#hasRoom = false;
      throw error;
    }
  }

  protected override read<T>(run: () => Promise<T>): Promise<T> {
    return this.#running.run(run);
  }
}
