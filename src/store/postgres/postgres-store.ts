import { StoreError } from '../../errors.js';
import type { AddedDelivery } from '../rows.js';
import type { Store } from '../store.js';
import { Conversions } from './conversions.js';
import type { Database } from './database.js';
import { Days } from './days.js';
import { Deliveries } from './deliveries.js';
import { DeliveryLists } from './delivery-lists.js';
import { destinationSteering } from './destination-steering.js';
import { diskUse } from './disk-use.js';
import { EventLists } from './event-lists.js';
import { Fields } from './fields.js';
import { Frontiers } from './frontiers.js';
import type { Hints } from './hints.js';
import { Inbox } from './inbox.js';
import { listLastSeen } from './last-seen.js';
import { findLatest } from './latest-accepted.js';
import { byServersTime } from './lease-time.js';
import { Prune } from './prune.js';
import { Quarantine } from './quarantine.js';
import { Refused } from './refused.js';
import { Replay } from './replay.js';
import { Running } from './running.js';
import { SightingLists } from './sighting-lists.js';
import { UpTimes } from './up-times.js';
import { countWaiting } from './waiting-counts.js';

/** How long a close waits for answers. */
const LAST_ANSWERS = 5_000;

/**
 * The store's verbs over a pool of connections; any number of instances may share the database.
 *
 * @param db with the current schema.
 */
export function createPostgresStore(db: Database, hints: Hints, where: string, writable: boolean): Store {
  const frontiers = new Frontiers();
  const deliveries = new Deliveries(db, frontiers);
  const days = new Days(db);
  const inbox = new Inbox(db, days);
  const conversions = new Conversions(db, days);
  const quarantine = new Quarantine(db);
  const eventLists = new EventLists(db);
  const deliveryLists = new DeliveryLists(db);
  const sightingLists = new SightingLists(db);
  const fields = new Fields(db);
  const replay = new Replay(db);
  const prune = new Prune(db, days);
  const refused = new Refused(db, inbox);
  const upTimes = new UpTimes(db);
  const running = new Running();
  let closing: Promise<void> | undefined;
  /** Of the server's disk: looked for at first and once it was full, since only what needs more of it is told. */
  let hasRoom = false;

  const read = <T>(run: () => Promise<T>): Promise<T> => running.run(run);

  async function write<T>(run: () => Promise<T>): Promise<T> {
    if (!writable) throw new StoreError('store_unwritable', `${where} was opened for reading`);
    try {
      return await read(run);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'store_full') hasRoom = false;
      throw error;
    }
  }

  async function added(add: () => Promise<readonly AddedDelivery[]>, now: number) {
    const results = await write(add);
    frontiers.reset(now);
    if (results.some(({ outcome }) => outcome === 'added')) hints.give('deliveries');
    return results;
  }

  return {
    ...destinationSteering({ db, deliveries, frontiers, hints, write, read }),

    putWebhooks: async (batch) => {
      const ids = await write(() => inbox.put(batch));
      if (ids.length > 0) hints.give('webhooks');
      return ids;
    },
    claimWebhooks: ({ limit, now, lease }) => write(() => inbox.claim(limit, now, lease)),
    saveConversions: async (batch, now) => {
      const saved = await write(() => conversions.save(batch, now));
      frontiers.reset(now);
      if (saved.some(({ events }) => events.some((event) => event.deliveries > 0))) hints.give('deliveries');
      return saved;
    },
    latestAccepted: (files) => read(() => findLatest(db, files)),
    settle: (batch) => write(() => deliveries.settle(batch)),
    releaseExpired: (now) => write(() => deliveries.releaseExpired(now)),
    lineUp: (destination, now) => write(() => deliveries.lineUp(destination, now)),

    listEvents: (query) => read(() => eventLists.list(query)),
    getEvent: (ref) =>
      read(async () => {
        const found = await eventLists.get(ref);
        if (found === null) return null;
        const [webhook, deliveryRows] = await Promise.all([
          quarantine.webhook(found.row.webhookId),
          deliveryLists.list({ eventId: found.row.id, limit: Number.POSITIVE_INFINITY }),
        ]);
        return webhook && { ...found.row, body: found.body, webhook, deliveryRows };
      }),
    listDeliveries: (query) => read(() => deliveryLists.list(query)),
    getDelivery: (id) => read(() => deliveryLists.get(id)),
    listQuarantine: (query) => read(() => quarantine.list(query)),
    getWebhook: (id) => read(() => quarantine.webhook(id)),
    listReplayable: (query) => read(() => replay.list(query)),
    addDeliveries: (batch, now) => added(() => replay.add(batch, now), now),
    splitDelivery: (deliveryId, others, now) => added(() => replay.split(deliveryId, others, now), now),
    discardQuarantined: (ids, note, now) => write(() => quarantine.discard(ids, note, now)),

    listSightings: (query) => read(() => sightingLists.list(query)),
    lastSeen: () => read(() => listLastSeen(db)),
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
    acceptRefused: async (batch) => {
      const ids = await write(() => refused.accept(batch));
      if (ids.some((id) => id !== null)) hints.give('webhooks');
      return ids;
    },

    prune: async (asked) => {
      const before = await read(() => byServersTime(db, asked.before));
      const request = { ...asked, before };
      if (request.dryRun === true) return read(() => prune.look(request));
      return write(async () => {
        // There are so few of them that the first step takes them all.
        if (request.after === 0) {
          await refused.prune(request.before);
          await upTimes.prune(request.before);
        }
        return prune.step(request);
      });
    },
    diskUse: () => read(() => diskUse(db)),
    ping: async (now) => {
      await write(() => inbox.ping(now));
      if (hasRoom) return;
      await write(() => inbox.prove(now));
      hasRoom = true;
    },
    onHint: (callback) => hints.listen(callback),
    close: () => {
      closing ??= running.close(LAST_ANSWERS, async () => {
        await hints.close();
        await db.close();
      });
      return closing;
    },
  };
}
