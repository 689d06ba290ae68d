import { statSync } from 'node:fs';
import { StoreError } from '../../errors.js';
import type { Conversion, NewWebhook, Settlement, Verified } from '../../model.js';
import type { RefusedOfSource, RefusedQuery } from '../refused.js';
import type {
  DeliveryQuery,
  EventDetail,
  EventQuery,
  ExtractionFields,
  FieldsQuery,
  NewDelivery,
  QuarantineQuery,
  ReplayQuery,
  SightingQuery,
} from '../rows.js';
import type { Store } from '../store.js';
import { Bodies } from './bodies.js';
import { Conversions } from './conversions.js';
import { Deliveries } from './deliveries.js';
import { DeliveryLists } from './delivery-lists.js';
import { DestinationSteering } from './destination-steering.js';
import { diskUse } from './disk-use.js';
import type { Database, Statement } from './driver.js';
import { EventLists } from './event-lists.js';
import { Fields } from './fields.js';
import { GroupCommit, type Idle } from './group-commit.js';
import { Inbox } from './inbox.js';
import { LastSeenTable } from './last-seen.js';
import { LatestAccepted } from './latest-accepted.js';
import { Lines } from './lines.js';
import { Prune } from './prune.js';
import { Quarantine } from './quarantine.js';
import { Refused } from './refused.js';
import { Replay } from './replay.js';
import { SightingLists } from './sighting-lists.js';
import { Sightings } from './sightings.js';
import { moved, storeError } from './store-error.js';
import { UpTimes } from './up-times.js';
import { WaitingCounts } from './waiting-counts.js';

/** The store's verbs over one connection: those that write share their commits, those that look run at once. */
export class SqliteStore extends DestinationSteering implements Store {
  readonly #commit: GroupCommit;
  readonly #inbox: Inbox;
  readonly #conversions: Conversions;
  readonly #deliveries: Deliveries;
  readonly #quarantine: Quarantine;
  readonly #eventLists: EventLists;
  readonly #deliveryLists: DeliveryLists;
  readonly #sightingLists: SightingLists;
  readonly #lastSeen: LastSeenTable;
  readonly #upTimes: UpTimes;
  readonly #waitingCounts: WaitingCounts;
  readonly #fields: Fields;
  readonly #latestAccepted: LatestAccepted;
  readonly #replay: Replay;
  readonly #prune: Prune;
  readonly #refused: Refused;
  readonly #ping: Statement<never>;
  readonly #inode: number;
  #open = true;

  /** @param db with the current schema. */
  constructor(
    private readonly db: Database,
    private readonly path: string,
    private readonly writable: boolean,
    private readonly closeDatabase: () => void,
  ) {
    const bodies = new Bodies(db);
    const lines = new Lines(db, bodies);
    const deliveries = new Deliveries(db, bodies);
    const replay = new Replay(db, lines);
    super({ db, deliveries, lines, replay });
    const sightings = new Sightings(db);
    const latestAccepted = new LatestAccepted(db);
    this.#commit = new GroupCommit(
      db,
      (error) => storeError(path, error),
      () => {
        sightings.forget();
        latestAccepted.forget();
      },
    );
    this.#lastSeen = new LastSeenTable(db);
    this.#inbox = new Inbox(db, this.#lastSeen);
    this.#conversions = new Conversions(db, sightings, lines, latestAccepted);
    this.#deliveries = deliveries;
    this.#replay = replay;
    this.#quarantine = new Quarantine(db);
    this.#eventLists = new EventLists(db);
    this.#deliveryLists = new DeliveryLists(db);
    this.#sightingLists = new SightingLists(db);
    this.#upTimes = new UpTimes(db);
    this.#waitingCounts = new WaitingCounts(db);
    this.#fields = new Fields(db);
    this.#latestAccepted = latestAccepted;
    this.#prune = new Prune(db);
    this.#refused = new Refused(db, this.#inbox);
    this.#ping = db.prepare(
      'INSERT INTO health VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at',
    );
    this.#inode = statSync(path).ino;
  }

  putWebhooks(batch: readonly Verified<NewWebhook>[]) {
    return this.write(() => {
      this.#requireFile();
      return this.#inbox.put(batch);
    });
  }

  claimWebhooks({ limit, now, lease }: Parameters<Store['claimWebhooks']>[0]) {
    return this.read(() => this.#inbox.claim(limit, now, lease));
  }

  async saveConversions(batch: readonly Conversion[], now: number) {
    const saved = await this.write(() => this.#conversions.save(batch, now));
    this.#inbox.done(saved.filter(({ stale }) => stale !== true).map(({ webhookId }) => webhookId));
    return saved;
  }

  latestAccepted(files: readonly (readonly Uint8Array[])[]) {
    return this.read(() => this.#latestAccepted.find(files));
  }

  settle(batch: readonly Settlement[]) {
    return this.write(() => this.#deliveries.settle(batch), { when: () => batch.length === 0, result: [] });
  }

  releaseExpired(now: number) {
    return this.write(() => this.#deliveries.releaseExpired(now), {
      when: () => this.#deliveries.noneExpired(now),
      result: 0,
    });
  }

  lineUp(destination: string, now: number) {
    return this.write(() => this.#deliveries.lineUp(destination, now));
  }

  listEvents(query: EventQuery) {
    return this.read(() => this.#eventLists.list(query));
  }

  getEvent(ref: number | string) {
    return this.read((): EventDetail | null => {
      const found = this.#eventLists.get(ref);
      const webhook = found && this.#quarantine.webhook(found.row.webhookId);
      if (!found || !webhook) return null;
      const deliveryRows = this.#deliveryLists.list({ eventId: found.row.id, limit: -1 });
      return { ...found.row, body: found.body, webhook, deliveryRows };
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
    return this.write(() => this.#replay.add(batch, now));
  }

  splitDelivery(deliveryId: number, others: readonly NewDelivery[], now: number) {
    return this.write(() => this.#replay.split(deliveryId, others, now));
  }

  discardQuarantined(ids: readonly number[], note: string, now: number) {
    return this.write(() => this.#quarantine.discard(ids, note, now));
  }

  listSightings(query: SightingQuery) {
    return this.read(() => this.#sightingLists.list(query));
  }

  lastSeen() {
    return this.read(() => this.#lastSeen.all());
  }

  noteUpTime(now: number) {
    return this.write(() => this.#upTimes.note(now));
  }

  upTimes() {
    return this.read(() => this.#upTimes.all());
  }

  waiting(limit: number) {
    return this.read(() => this.#waitingCounts.count(limit));
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

  prune(request: Parameters<Store['prune']>[0]) {
    if (request.dryRun === true) return this.read(() => this.#prune.step(request));
    return this.write(() => {
      // There are so few of them that the first step takes them all.
      if (request.after === 0) {
        this.#refused.prune(request.before);
        this.#upTimes.prune(request.before);
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

  acceptRefused(batch: Parameters<Store['acceptRefused']>[0]) {
    return this.write(() => {
      this.#requireFile();
      return this.#refused.accept(batch);
    });
  }

  diskUse() {
    return this.read(() => diskUse(this.db, this.path));
  }

  ping(now: number) {
    return this.write(() => {
      this.#requireFile();
      this.#ping.run(now);
    });
  }

  /** Commands that write beside the service are seen when it polls. */
  onHint() {}

  async close() {
    if (!this.#open) return;
    this.#commit.close();
    this.#open = false;
    this.closeDatabase();
  }

  /** SQLite goes on writing to a file that has been deleted: what it takes then is gone with the process. */
  #requireFile(): void {
    if (statSync(this.path, { throwIfNoEntry: false })?.ino !== this.#inode) throw moved(this.path);
  }

  protected override async write<T>(run: () => T, idle?: Idle<T>): Promise<T> {
    if (!this.writable) throw new StoreError('store_unwritable', `${this.path} was opened for reading`);
    return this.#commit.write(run, idle);
  }

  protected override async read<T>(run: () => T): Promise<T> {
    if (!this.#open) throw new StoreError('store_unavailable', 'the store is closed');
    try {
      return run();
    } catch (error) {
      throw storeError(this.path, error);
    }
  }
}
