import { StoreError } from '../../errors.js';
import type { Database, Session } from './database.js';
import { dayOfTime, firstId } from './ids.js';
import { LOCK, lockAlone } from './locks.js';
import type { WaitedForBy } from './places.js';
import { isForbidden, isMissingPartition } from './store-error.js';

/**
 * Tables with a partition a day, and how those are kept: a body of a few kilobytes stays in its row, uncompressed, which
 * spares a second table and its index for each webhook.
 */
const PARTITIONED: Readonly<Record<string, string>> = {
  webhooks: 'toast_tuple_target = 8160',
  events: 'toast_tuple_target = 8160',
  deliveries: 'fillfactor = 90',
  attempts: '',
  sightings: '',
};
/** Made ahead of need, so that nobody waits for it at midnight. */
const AHEAD = 2;
/** Milliseconds. While a lock on a whole table is waited for, everyone else waits behind it. */
const LOCK_TIMEOUT = 200;

export interface Partition {
  readonly name: string;
  readonly table: string;
  readonly day: number;
  /** False where one was taken out and its removal was interrupted. */
  readonly attached: boolean;
}

const DAY = 86_400_000;
const nameOf = (table: string, day: number): string =>
  `${table}_${new Date(day * DAY).toISOString().slice(0, 10).replaceAll('-', '')}`;
const dayOf = (name: string): number =>
  Date.parse(name.slice(-8).replace(/(....)(..)(..)/, '$1-$2-$3')) / DAY;

/** The partitions: made by whoever needs them first, and remembered. */
export class Days {
  readonly #known = new Set<number>();
  /** The last day that was tried to be made ahead: once, since whoever needs it makes it, and is told. */
  #ahead = 0;

  constructor(private readonly db: Database) {}

  /** Makes the partitions of a time's day and of so many days after it. */
  prepare(time: number, following: number): Promise<void> {
    return this.#make(
      Array.from({ length: following + 1 }, (_, index) => dayOfTime(time) + index),
      'work',
    );
  }

  /** Runs something that writes rows of these days. Where one has no partition, it is made, and all is done again. */
  async with<T>(days: readonly number[], run: () => Promise<T>): Promise<T> {
    await this.#need(days);
    try {
      return await run();
    } catch (error) {
      // Retention may have removed what was remembered.
      if (!isMissingPartition(error)) throw error;
      this.#known.clear();
      await this.#need(days);
      return run();
    }
  }

  async #need(days: readonly number[]): Promise<void> {
    const missing = days.filter((day) => !this.#known.has(day));
    if (missing.length > 0) await this.#make(missing, 'sender');
    const next = Math.max(...days) + AHEAD;
    if (days.length === 0 || this.#known.has(next) || this.#ahead === next) return;
    this.#ahead = next;
    const following = Array.from({ length: AHEAD }, (_, index) => next - index);
    void this.#make(following, 'work').catch(() => undefined);
  }

  async #make(days: readonly number[], waitedForBy: WaitedForBy): Promise<void> {
    const wanted = [...new Set(days)];
    const complete = (found: readonly Partition[], day: number): boolean =>
      found.filter((each) => each.day === day && each.attached).length === Object.keys(PARTITIONED).length;
    const found = await this.list();
    if (!wanted.every((day) => complete(found, day))) {
      const making = this.db.transaction(
        async (session) => {
          lockAlone(session, LOCK.days);
          const partitions = await listPartitions(session);
          for (const day of wanted) makeDay(session, day, partitions);
        },
        { waitedForBy },
      );
      await making.catch((error: unknown) => {
        throw isForbidden(error) ? notAllowed(wanted, error) : error;
      });
    }
    for (const day of wanted) this.#known.add(day);
  }

  /** The oldest first. */
  list(): Promise<readonly Partition[]> {
    return listPartitions(this.db);
  }
}

const notAllowed = (days: readonly number[], cause: unknown): StoreError =>
  new StoreError(
    'store_unwritable',
    `there are no partitions for ${new Date(Math.min(...days) * DAY).toISOString().slice(0, 10)}, and this user may not make them: let the owner of the tables run "webhook-shim migrate --days 30" now and every week`,
    { cause },
  );

async function listPartitions(session: Pick<Session, 'query'>): Promise<readonly Partition[]> {
  const names = await session.query<{ name: string; attached: boolean }>({
    name: 'partitions',
    waitedForBy: 'sender',
    text: `SELECT c.relname::text AS name, c.relispartition AS attached
             FROM pg_class c
            WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('webhooks'))
              AND c.relkind = 'r' AND c.relname ~ '^(${Object.keys(PARTITIONED).join('|')})_[0-9]{8}$'
            ORDER BY right(c.relname, 8)`,
  });
  return names.map(({ name, attached }) => ({
    name,
    attached,
    table: name.slice(0, -9),
    day: dayOf(name),
  }));
}

/** Made beside the table and then attached, which lets everyone else go on; to make it in place would not. */
function makeDay(session: Session, day: number, partitions: readonly Partition[]): void {
  for (const [table, kept] of Object.entries(PARTITIONED)) {
    const name = nameOf(table, day);
    const there = partitions.find((partition) => partition.name === name);
    if (there?.attached) continue;
    if (there) session.send({ text: `DROP TABLE ${name}` });
    session.send({
      text: `CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL)${kept === '' ? '' : ` WITH (${kept})`}`,
    });
    session.send({
      text: `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${firstId(day)}) TO (${firstId(day + 1)})`,
    });
  }
}

/**
 * Takes partitions out, which takes a moment whatever their size; `dropDetached` then removes them.
 *
 * @param unless looks once more, now that nobody else writes
 * @returns whether it was done: not where others are busy with the tables, or have done it
 */
export async function detach(
  db: Database,
  partitions: readonly Partition[],
  unless: (session: Session) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await db.transaction(async (session) => {
      session.send({ text: `SET LOCAL lock_timeout = ${LOCK_TIMEOUT}` });
      lockAlone(session, LOCK.days);
      for (const { table } of partitions)
        session.send({ text: `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE` });
      const now = await listPartitions(session);
      const there = partitions.every(({ name }) => now.some((each) => each.name === name && each.attached));
      if (!there || (await unless(session))) return false;
      for (const { table, name } of partitions) {
        session.send({ text: `ALTER TABLE ${table} DETACH PARTITION ${name}` });
      }
      return true;
    });
  } catch (error) {
    if (error instanceof StoreError && error.code === 'store_locked') return false;
    throw error;
  }
}

/** Removes what was taken out, now or by a run that was interrupted. Whoever makes such a day anew waits for it. */
export function dropDetached(db: Database): Promise<void> {
  return db.transaction(async (session) => {
    lockAlone(session, LOCK.days);
    for (const { name, attached } of await listPartitions(session)) {
      if (!attached) session.send({ text: `DROP TABLE ${name}` });
    }
  });
}
