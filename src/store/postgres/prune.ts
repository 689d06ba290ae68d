import { int8s } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import { type Days, detach, dropDetached, type Partition } from './days.js';
import { dayOfTime, firstId, sameDay } from './ids.js';
import { LOCK, lockAlone } from './locks.js';

/**
 * Webhooks of a day that one step looks through. Of the last day, most of which is younger, all would be tens of gigabytes
 * and take longer than a statement may. Ids follow the arrival: where none of these is old, those behind them hardly are,
 * and go with their day.
 */
const LOOKED_THROUGH = 10_000;

/**
 * A webhook is over once it is converted or discarded and none of its deliveries waits. A dead letter is old once it has
 * been dead for so long: of a webhook that waited for weeks it would else be gone before anybody saw it.
 */
const OLDEST: Statement<{ id: number; over: boolean }> = {
  name: 'oldest_webhooks',
  text: `SELECT w.id, NOT EXISTS (SELECT 1 FROM inbox i WHERE i.webhook_id = w.id)
                  AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.webhook_id = w.id AND q.state = 'quarantined')
                  AND NOT EXISTS (
                    SELECT 1 FROM events e JOIN deliveries d ON d.event_id = e.id
                     WHERE e.webhook_id = w.id AND (d.state IS NULL OR (d.state = 'dead' AND d.ended_at >= $3))
                       AND ${sameDay('e.id', 'w.id')} AND ${sameDay('d.id', 'w.id')}) AS over
           FROM (SELECT id, received_at FROM webhooks WHERE id > $1 AND id < $2 ORDER BY id LIMIT ${LOOKED_THROUGH}) w
          WHERE w.received_at < $3 ORDER BY w.id LIMIT $4`,
};

const OPEN: Statement<{ open: boolean }> = {
  name: 'open_between',
  text: `SELECT EXISTS (SELECT 1 FROM inbox WHERE webhook_id >= $1 AND webhook_id < $2)
             OR EXISTS (SELECT 1 FROM quarantine WHERE state = 'quarantined' AND webhook_id >= $1 AND webhook_id < $2)
             OR EXISTS (SELECT 1 FROM outbox WHERE delivery_id >= $1 AND delivery_id < $2) AS open`,
};

/** Dead letters of a day that are looked through: where so many are old, the day is. */
const DEAD_LOOKED_THROUGH = 500_000;

/**
 * Whether a dead letter of the day, from $1 until $2, is younger than $3. By their events, which are of the same day, for
 * dead letters have an index of these alone: with a condition on their own ids all of the day was read.
 */
const RECENTLY_DEAD: Statement<{ found: boolean }> = {
  name: 'recently_dead_between',
  text: `SELECT EXISTS (SELECT FROM (SELECT ended_at FROM deliveries
                                      WHERE state = 'dead' AND event_id >= $1 AND event_id < $2
                                      LIMIT ${DEAD_LOOKED_THROUGH}) dead
                         WHERE ended_at >= $3) AS found`,
};

/**
 * How many webhooks a day has, from $1 until $2. To count so many more would read all of the day, hundreds of gigabytes
 * perhaps: then the numbers tell, of which some were never used.
 */
const COUNT: Statement<{ count: number }> = {
  name: 'webhooks_between',
  text: `WITH found AS MATERIALIZED (
           SELECT count(*) FROM (SELECT FROM webhooks WHERE id >= $1 AND id < $2 LIMIT ${LOOKED_THROUGH}) few
         )
         SELECT CASE WHEN found.count < ${LOOKED_THROUGH} THEN found.count
                     ELSE (SELECT max(id) - min(id) + 1 FROM webhooks WHERE id >= $1 AND id < $2) END AS count
           FROM found`,
};

/** Of some webhooks of one day, which is from $2 until $3. */
const REMOVE: readonly Statement<never>[] = [
  ...['attempts', 'delivery_keys', 'unkeyed_deliveries'].map(
    (table) =>
      `DELETE FROM ${table} WHERE delivery_id >= $2 AND delivery_id < $3 AND delivery_id IN (
         SELECT d.id FROM events e JOIN deliveries d ON d.event_id = e.id
          WHERE e.webhook_id = ANY ($1) AND e.id >= $2 AND e.id < $3 AND d.id >= $2 AND d.id < $3)`,
  ),
  `DELETE FROM deliveries WHERE id >= $2 AND id < $3 AND event_id IN (
     SELECT id FROM events WHERE webhook_id = ANY ($1) AND id >= $2 AND id < $3)`,
  'DELETE FROM events WHERE webhook_id = ANY ($1) AND id >= $2 AND id < $3',
  'DELETE FROM quarantine WHERE webhook_id = ANY ($1) AND webhook_id >= $2 AND webhook_id < $3',
  'DELETE FROM webhooks WHERE id = ANY ($1) AND id >= $2 AND id < $3',
].map((text) => ({ text }));

/** Of a whole day, which is from $1 until $2: what is in no table that has a partition for it. */
const REMOVE_DAY: readonly Statement<never>[] = [
  'DELETE FROM quarantine WHERE webhook_id >= $1 AND webhook_id < $2',
  'DELETE FROM delivery_keys WHERE delivery_id >= $1 AND delivery_id < $2',
  'DELETE FROM unkeyed_deliveries WHERE delivery_id >= $1 AND delivery_id < $2',
].map((text) => ({ text }));

const OLD_SIGHTINGS: Statement<{ id: number }> = {
  name: 'delete_sightings',
  text: `DELETE FROM sightings
          WHERE id IN (SELECT id FROM sightings WHERE id < $1 AND seen_at < $2 ORDER BY id LIMIT $3) RETURNING id`,
};

interface Request {
  readonly before: number;
  readonly after: number;
  readonly limit: number;
}

export interface Step {
  readonly removed: number;
  readonly next: number | null;
}

/**
 * Removes what is over and old. What waits, and what is in quarantine, stays however old it is. A day that is wholly old
 * and over goes at once, whatever its size; where something of it is still open, and of the last day, in small steps.
 */
export class Prune {
  constructor(
    private readonly db: Database,
    private readonly days: Days,
  ) {}

  async step(request: Request): Promise<Step> {
    const partitions = await this.days.list();
    if (partitions.some(({ attached }) => !attached)) await dropDetached(this.db);
    const today = dayOfTime(request.before);
    const attached = partitions.filter((partition) => partition.attached);
    const ledger = attached.find(({ table, day }) => table === 'sightings' && day < today);
    const day = attached.find(
      (partition) =>
        partition.table === 'webhooks' &&
        partition.day <= today &&
        firstId(partition.day + 1) > request.after + 1,
    )?.day;
    if (day !== undefined && day < today) {
      const ofDay = attached.filter((partition) => partition.day === day && partition.table !== 'sightings');
      const dropped = await this.#dropDay(day, ofDay, request.before);
      if (dropped !== 'open') return { removed: dropped, next: firstId(day + 1) - 1 };
    } else if (ledger !== undefined && (await detach(this.db, [ledger], async () => false))) {
      await dropDetached(this.db);
      return { removed: 0, next: request.after };
    }
    return this.#smallStep(request, day, today);
  }

  /** Tells what would be removed, without a write. */
  async look({ before, after, limit }: Request): Promise<Step> {
    const end = firstId(dayOfTime(before) + 1);
    const looked = await this.db.query(OLDEST, after, end, before, limit);
    const removed = looked.filter(({ over }) => over).length;
    return { removed, next: looked.length === limit ? (looked.at(-1)?.id ?? null) : null };
  }

  /** @returns how many webhooks went with it: none where others are busy with the tables, until the next run. */
  async #dropDay(day: number, partitions: readonly Partition[], before: number): Promise<number | 'open'> {
    const open = async (session: Pick<Session, 'query'>): Promise<boolean> =>
      (await session.query(OPEN, firstId(day), firstId(day + 1)))[0]?.open ?? true;
    if (await open(this.db)) return 'open';
    // Not once more under the lock: what is not open by now cannot become a dead letter.
    const [dead] = await this.db.query(RECENTLY_DEAD, firstId(day), firstId(day + 1), before);
    if (dead?.found !== false) return 'open';
    const counted = await this.db.query(COUNT, firstId(day), firstId(day + 1));
    const removed = await detach(this.db, partitions, async (session) => {
      if (await open(session)) return true;
      for (const statement of REMOVE_DAY) session.send(statement, firstId(day), firstId(day + 1));
      return false;
    });
    if (!removed) return 0;
    await dropDetached(this.db);
    return counted[0]?.count ?? 0;
  }

  async #smallStep({ before, after, limit }: Request, day: number | undefined, today: number): Promise<Step> {
    const end = firstId((day ?? today) + 1);
    const looked = day === undefined ? [] : await this.db.query(OLDEST, after, end, before, limit);
    const last = looked.at(-1)?.id ?? after;
    const removed =
      day !== undefined && looked.some(({ over }) => over)
        ? await this.#remove({ before, after, limit: looked.length }, day)
        : 0;
    const sightings = await this.db.query(OLD_SIGHTINGS, firstId(today + 1), before, limit);
    if (looked.length === limit) return { removed, next: last };
    if (day !== undefined && day < today) return { removed, next: end - 1 };
    return { removed, next: sightings.length > 0 ? last : null };
  }

  /** Looks once more: what was replayed just now waits, and what is replayed from now on is gone. @returns how many */
  #remove({ before, after, limit }: Request, day: number): Promise<number> {
    const [first, end] = [firstId(day), firstId(day + 1)];
    return this.db.transaction(async (session) => {
      lockAlone(session, LOCK.replay);
      const looked = await session.query(OLDEST, after, end, before, limit);
      const ids = looked.filter(({ over }) => over).map(({ id }) => id);
      for (const statement of REMOVE) session.send(statement, int8s(ids), first, end);
      return ids.length;
    });
  }
}
