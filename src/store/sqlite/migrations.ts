import { StoreError } from '../../errors.js';
import type { Migration } from '../opening.js';
import type { Database } from './driver.js';
import { schema1 } from './schema-1.js';
import { schema2 } from './schema-2.js';
import { schema3 } from './schema-3.js';

/** In order, for ever: the first makes schema 1 out of an empty file. What was released is never changed. */
const MIGRATIONS: readonly string[] = [schema1, schema2, schema3];

/** Marks the file as ours ("Shim" in ASCII), in its header. */
const APPLICATION_ID = 0x5368696d;

/** @returns 0 for a file in which nothing is yet. @throws StoreError for a newer schema, or a file of another program. */
export function schemaVersion(db: Database, path: string): number {
  const { version, application, tables } = atOneMoment(db, () => ({
    version: db.pragma('user_version'),
    application: db.pragma('application_id'),
    tables: db.query<{ n: number }>('SELECT count(*) AS n FROM sqlite_schema')[0]?.n ?? 0,
  }));
  if (application !== APPLICATION_ID && (version > 0 || application > 0 || tables > 0)) {
    throw new StoreError(
      'store_corrupt',
      `${path} is a database of another program: name another file in store.url`,
    );
  }
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      'store_newer',
      `${path} was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length}): install that version or restore a backup`,
    );
  }
  return version;
}

/** The schema that this version works with. */
export const CURRENT = MIGRATIONS.length;

/**
 * Brings the schema up to date, in one transaction. Safe when several processes do it at once: one does, the others wait
 * for it.
 * @returns what this one did of it
 */
export function migrate(db: Database, path: string): Migration {
  if (schemaVersion(db, path) === CURRENT) return { from: CURRENT, to: CURRENT };
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have done it while this one waited for the lock.
    const from = schemaVersion(db, path);
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${CURRENT}; COMMIT`);
    return { from, to: CURRENT };
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Another process may be about to make the file ours. */
function atOneMoment<T>(db: Database, read: () => T): T {
  if (db.isTransaction) return read();
  db.exec('BEGIN');
  try {
    return read();
  } finally {
    if (db.isTransaction) db.exec('COMMIT');
  }
}
