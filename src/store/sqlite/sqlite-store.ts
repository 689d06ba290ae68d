import { statSync } from 'node:fs';
import { StoreError } from '../../errors.js';
import type { Store } from '../store.js';
import { Bodies } from './bodies.js';
import { Conversions } from './conversions.js';
import { Deliveries } from './deliveries.js';
import { DeliveryLists } from './delivery-lists.js';
import { destinationSteering } from './destination-steering.js';
import { diskUse } from './disk-use.js';
import type { Database } from './driver.js';
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
import { countWaiting } from './waiting-counts.js';

/**
 * The store's verbs over one connection: those that write share their commits, those that look run at once.
 *
 * @param db with the current schema.
 */
export function createSqliteStore(
  db: Database,
  path: string,
  writable: boolean,
  closeDatabase: () => void,
): Store {
  const bodies = new Bodies(db);
  const lines = new Lines(db, bodies);
  const deliveries = new Deliveries(db, bodies);
  const replay = new Replay(db, lines);
  const sightings = new Sightings(db);
  const latestAccepted = new LatestAccepted(db);
  const lastSeen = new LastSeenTable(db);
  const inbox = new Inbox(db, lastSeen);
  const conversions = new Conversions(db, sightings, lines, latestAccepted);
  const quarantine = new Quarantine(db);
  const eventLists = new EventLists(db);
  const deliveryLists = new DeliveryLists(db);
  const sightingLists = new SightingLists(db);
  const upTimes = new UpTimes(db);
  const fields = new Fields(db);
  const prune = new Prune(db);
  const refused = new Refused(db, inbox);
  const ping = db.prepare<never>(
    'INSERT INTO health VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at',
  );
  const { ino: inode } = statSync(path);
  let open = true;

  const commit = new GroupCommit(
    db,
    (error) => storeError(path, error),
    () => {
      sightings.forget();
      latestAccepted.forget();
    },
  );

  /** In a transaction. */
  async function write<T>(run: () => T, idle?: Idle<T>): Promise<T> {
    if (!writable) throw new StoreError('store_unwritable', `${path} was opened for reading`);
    return commit.write(run, idle);
  }

  /** What is committed, at once. */
  async function read<T>(run: () => T): Promise<T> {
    if (!open) throw new StoreError('store_unavailable', 'the store is closed');
    try {
      return run();
    } catch (error) {
      throw storeError(path, error);
    }
  }

  /** SQLite goes on writing to a file that has been deleted: what it takes then is gone with the process. */
  const requireFile = (): void => {
    if (statSync(path, { throwIfNoEntry: false })?.ino !== inode) throw moved(path);
  };

  return {
    ...destinationSteering({ db, deliveries, lines, replay, write, read }),

    putWebhooks: (batch) =>
      write(() => {
        requireFile();
        return inbox.put(batch);
      }),
    claimWebhooks: ({ limit, now, lease }) => read(() => inbox.claim(limit, now, lease)),
    saveConversions: async (batch, now) => {
      const saved = await write(() => conversions.save(batch, now));
      inbox.done(saved.filter(({ stale }) => stale !== true).map(({ webhookId }) => webhookId));
      return saved;
    },
    latestAccepted: (files) => read(() => latestAccepted.find(files)),
    settle: (batch) => write(() => deliveries.settle(batch), { when: () => batch.length === 0, result: [] }),
    releaseExpired: (now) =>
      write(() => deliveries.releaseExpired(now), { when: () => deliveries.noneExpired(now), result: 0 }),
    lineUp: (destination, now) => write(() => deliveries.lineUp(destination, now)),

    listEvents: (query) => read(() => eventLists.list(query)),
    getEvent: (ref) =>
      read(() => {
        const found = eventLists.get(ref);
        const webhook = found && quarantine.webhook(found.row.webhookId);
        if (!found || !webhook) return null;
        const deliveryRows = deliveryLists.list({ eventId: found.row.id, limit: -1 });
        return { ...found.row, body: found.body, webhook, deliveryRows };
      }),
    listDeliveries: (query) => read(() => deliveryLists.list(query)),
    getDelivery: (id) => read(() => deliveryLists.get(id)),
    listQuarantine: (query) => read(() => quarantine.list(query)),
    getWebhook: (id) => read(() => quarantine.webhook(id)),
    listReplayable: (query) => read(() => replay.list(query)),
    addDeliveries: (batch, now) => write(() => replay.add(batch, now)),
    splitDelivery: (deliveryId, others, now) => write(() => replay.split(deliveryId, others, now)),
    discardQuarantined: (ids, note, now) => write(() => quarantine.discard(ids, note, now)),

    listSightings: (query) => read(() => sightingLists.list(query)),
    lastSeen: () => read(() => lastSeen.all()),
    noteUpTime: (now) => write(() => upTimes.note(now)),
    upTimes: () => read(() => upTimes.all()),
    waiting: (limit) => read(() => countWaiting(db, limit)),
    latestAnswers: (destination, limit) => read(() => deliveryLists.latestAnswers(destination, limit)),
    recordFields: (batch) => write(() => fields.record(batch)),
    listFields: (query) => read(() => fields.list(query)),

    recordRefused: (batch) => write(() => refused.record(batch)),
    listRefused: (query) => read(() => refused.list(query)),
    getRefused: (id) => read(() => refused.get(id)),
    refusedCounts: () => read(() => refused.counts()),
    acceptRefused: (batch) =>
      write(() => {
        requireFile();
        return refused.accept(batch);
      }),

    prune: (request) => {
      if (request.dryRun === true) return read(() => prune.step(request));
      return write(() => {
        // There are so few of them that the first step takes them all.
        if (request.after === 0) {
          refused.prune(request.before);
          upTimes.prune(request.before);
        }
        return prune.step(request);
      });
    },
    diskUse: () => read(() => diskUse(db, path)),
    ping: (now) =>
      write(() => {
        requireFile();
        ping.run(now);
      }),
    /** Commands that write beside the service are seen when it polls. */
    onHint: () => {},
    close: async () => {
      if (!open) return;
      commit.close();
      open = false;
      closeDatabase();
    },
  };
}
