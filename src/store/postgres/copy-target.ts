import { createDigest } from '../copy/digest.js';
import type { CopyTarget } from '../copy/ports.js';
import { type Row, type TableName, tableOf } from '../copy/tables.js';
import { int8s } from './arrays.js';
import { openDatabase } from './connection.js';
import { type CopyLock, lockCopy } from './copy-lock.js';
import { arraysOf, insertInto, rowOf, selectAll } from './copy-sql.js';
import type { Database, Session, Statement } from './database.js';
import { Days } from './days.js';
import { dayOfId, numberIn } from './ids.js';
import { makeOrRequireCurrent } from './migrations.js';
import { beginCopy, finishCopy } from './occupancy.js';

/** Rows that are read at once: some of them may be large. */
const READ = 64;
const READ_IDS = 5_000;

const LIMITS = { connections: 4, statementTimeout: 60_000 };

/** What was not over is copied again from the first of it on, with the attempts that were made since. */
const REWIND: Statement<never> = {
  text: `UPDATE copy_progress p
            SET through = least(p.through, coalesce(d.reopen - 1, p.through))
           FROM copy_progress d WHERE d.name = 'deliveries' AND p.name IN ('deliveries', 'attempts')`,
};
const FORGET: Statement<never> = { text: 'UPDATE copy_progress SET reopen = NULL' };

const ADVANCE: Statement<never> = {
  text: `INSERT INTO copy_progress AS p VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET through = excluded.through, reopen = least(p.reopen, excluded.reopen)`,
};

/** Which sequence gives the ids of a table. */
const SEQUENCES: Readonly<Record<string, string>> = {
  webhooks: `'webhooks_id'`,
  events: `'events_id'`,
  deliveries: `'deliveries_id'`,
  sightings: `'sightings_id'`,
  refused: `pg_get_serial_sequence('refused', 'id')`,
  extractions_seen: `pg_get_serial_sequence('extractions_seen', 'id')`,
};

/** @param url of a user that may make tables. @throws StoreError */
export async function openPostgresTarget(url: string): Promise<CopyTarget> {
  const { db, address, where, checked } = await openDatabase(url, { ...LIMITS, readOnly: false });
  try {
    await makeOrRequireCurrent(db, where);
    const lock = await lockCopy(checked, address);
    return new PostgresTarget(db, where, lock);
  } catch (error) {
    await db.close();
    throw error;
  }
}

class PostgresTarget implements CopyTarget {
  readonly #days: Days;

  constructor(
    private readonly db: Database,
    readonly name: string,
    private readonly lock: CopyLock,
  ) {
    this.#days = new Days(db);
  }

  begin(source: string): Promise<boolean> {
    return this.db.transaction(async (session) => {
      const resumed = await beginCopy(session, source, this.name);
      session.send(REWIND);
      session.send(FORGET);
      return resumed;
    });
  }

  async through(table: TableName): Promise<number> {
    const [row] = await this.db.query<{ through: number }>(
      { text: 'SELECT through FROM copy_progress WHERE name = $1' },
      table,
    );
    return row?.through ?? 0;
  }

  async write(table: TableName, rows: readonly Row[]): Promise<void> {
    this.lock.check();
    const statement = insertInto(table);
    const values = arraysOf(table, rows);
    const insert = () =>
      this.db.transaction(async (session) => {
        session.send(statement, ...values);
        advance(session, table, rows);
      });
    if (tableOf(table).rows === 'replaced') return insert();
    const days = new Set(rows.map((row) => dayOfId(Number(row[0]))));
    return this.#days.with([...days], insert);
  }

  async clear(table: TableName): Promise<void> {
    this.lock.check();
    await this.db.query({ text: `TRUNCATE ${table}` });
  }

  async removeGone(table: TableName, gone: (numbers: readonly number[]) => readonly number[]): Promise<void> {
    await this.#read<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`, READ_IDS, async (rows) => {
      const missing = new Set(gone(rows.map(({ id }) => numberIn(id))));
      const ids = rows.map(({ id }) => id).filter((id) => missing.has(numberIn(id)));
      if (ids.length === 0) return;
      this.lock.check();
      await this.db.transaction(async (session) => {
        session.send({ text: `DELETE FROM ${table} WHERE id = ANY ($1)` }, int8s(ids));
        if (table !== 'deliveries') return;
        session.send({ text: 'DELETE FROM attempts WHERE delivery_id = ANY ($1)' }, int8s(ids));
      });
    });
  }

  async renewDead(deliveryOf: (number: number) => Row | null): Promise<void> {
    const dead = `SELECT id FROM deliveries WHERE state = 'dead' ORDER BY created_at, id`;
    await this.#read<{ id: number }>(dead, READ_IDS, async (found) => {
      // What retention has removed since has gone here as well.
      const rows = found.map(({ id }) => deliveryOf(numberIn(id))).filter((row) => row !== null);
      this.lock.check();
      await this.db.query(insertInto('deliveries'), ...arraysOf('deliveries', rows));
    });
  }

  async advance(numbers: Readonly<Record<string, number>>): Promise<void> {
    for (const [table, sequence] of Object.entries(SEQUENCES)) {
      await this.db.query<never>(
        {
          text: `SELECT setval(${sequence}::regclass, greatest($1::bigint, nextval(${sequence}::regclass)))`,
        },
        numbers[table] ?? 0,
      );
    }
  }

  async digest(table: TableName, onRow: () => void) {
    const digest = createDigest(Object.values(tableOf(table).columns), numberIn);
    await this.#read<Readonly<Record<string, unknown>>>(selectAll(table), READ, async (rows) => {
      for (const row of rows) {
        digest.add(rowOf(table, row));
        onRow();
      }
    });
    return digest.result();
  }

  async finish(): Promise<void> {
    this.lock.check();
    await finishCopy(this.db);
  }

  async close(): Promise<void> {
    await this.lock.release();
    await this.db.close();
  }

  /** Reads all that a query finds, in pieces. */
  #read<Found>(select: string, piece: number, use: (rows: readonly Found[]) => Promise<void>): Promise<void> {
    return this.db.transaction(async (session) => {
      session.send({ text: `DECLARE copied NO SCROLL CURSOR FOR ${select}` });
      for (;;) {
        const rows = await session.query<Found>({ text: `FETCH ${piece} FROM copied` });
        if (rows.length === 0) return;
        await use(rows);
      }
    });
  }
}

/** With the rows, in one transaction. Of the last delivery more attempts may follow. */
function advance(session: Session, table: TableName, rows: readonly Row[]): void {
  const { rows: kind, columns } = tableOf(table);
  if (kind === 'replaced') return;
  const last = numberIn(Number(rows.at(-1)?.[0] ?? 0));
  const state = Object.keys(columns).indexOf('state');
  const open = kind === 'changing' ? rows.find((row) => row[state] === null) : undefined;
  const reopen = open === undefined ? null : numberIn(Number(open[0]));
  session.send(ADVANCE, table, table === 'attempts' ? last - 1 : last, reopen);
}
