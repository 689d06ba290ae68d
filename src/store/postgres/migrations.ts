import { ShimError, StoreError } from '../../errors.js';
import { type Migration, outdated } from '../opening.js';
import type { Database, Session } from './database.js';
import { LOCK, lockAlone } from './locks.js';
import { schema1 } from './schema-1.js';
import { schema2 } from './schema-2.js';

/** In order, for ever: the first makes schema 1 out of nothing. What was released is never changed. */
const MIGRATIONS: readonly string[] = [schema1, schema2];

/** All of them but the version's: names that another program may have taken. */
export const TABLES: readonly string[] = [
  'webhooks',
  'last_seen',
  'inbox',
  'quarantine',
  'events',
  'sightings',
  'deliveries',
  'outbox',
  'attempts',
  'extractions_seen',
  'fields_seen',
  'health',
  'destinations',
  'unkeyed_deliveries',
  'delivery_keys',
  'refused',
  'refused_counts',
  'copy_state',
  'copy_progress',
  'up_times',
];

const CURRENT = MIGRATIONS.length;

/** Milliseconds. What waits may have to be gone through: of a million deliveries for longer than a statement may take else. */
const LONGEST = 3_600_000;

/**
 * Brings the schema up to date. Safe when several instances do it at once: one does, the others wait for it.
 * @returns what this one did of it
 */
export async function migrate(db: Database, where: string): Promise<Migration> {
  const nothing = { from: CURRENT, to: CURRENT };
  if ((await schemaVersion(db, where)) === CURRENT) return nothing;
  return db.transaction(
    async (session) => {
      lockAlone(session, LOCK.migration);
      const version = await schemaVersion(session, where);
      if (version === CURRENT) return nothing;
      if (version === 0)
        session.send({ text: 'CREATE TABLE schema_version (webhook_shim integer NOT NULL)' });
      for (const step of MIGRATIONS.slice(version)) session.send({ text: step });
      session.send({ text: 'DELETE FROM schema_version' });
      session.send({ text: `INSERT INTO schema_version VALUES (${CURRENT})` });
      return { from: version, to: CURRENT };
    },
    { limit: LONGEST },
  );
}

/** Makes what is missing where nothing is yet. @throws StoreError where this version cannot use what is there */
export async function makeOrRequireCurrent(db: Database, where: string): Promise<void> {
  if ((await schemaVersion(db, where)) === 0) await migrate(db, where);
  else await requireCurrent(db, where);
}

/**
 * @param first what makes the tables
 * @throws ShimError `not_found` where nothing is yet, StoreError where this version cannot use what is there
 */
export async function requireCurrent(
  db: Database,
  where: string,
  first = 'start the service',
): Promise<void> {
  const version = await schemaVersion(db, where);
  if (version === 0) throw new ShimError('not_found', `no data yet at ${where}: ${first} first`);
  if (version < CURRENT) throw outdated(where, { from: version, to: CURRENT });
}

/** @returns 0 where nothing is yet. @throws StoreError for a newer schema, another program's tables, another encoding. */
async function schemaVersion(session: Pick<Session, 'query'>, where: string): Promise<number> {
  const [found] = await session.query<{
    encoding: string;
    columns: readonly string[];
    taken: readonly string[];
  }>(
    {
      text: `SELECT current_setting('server_encoding') AS encoding,
                    ARRAY(SELECT attname::text FROM pg_attribute
                           WHERE attrelid = to_regclass('schema_version') AND attnum > 0) AS columns,
                    ARRAY(SELECT name FROM unnest($1::text[]) name WHERE to_regclass(name) IS NOT NULL) AS taken`,
    },
    `{${TABLES.join(',')}}`,
  );
  const { encoding = '', columns = [], taken = [] } = found ?? {};
  if (encoding !== 'UTF8') {
    throw new StoreError(
      'store_unavailable',
      `${where} is encoded in ${encoding}, which cannot hold every text: create the database with ENCODING 'UTF8'`,
    );
  }
  if (!columns.includes('webhook_shim')) {
    const [foreign] = columns.length > 0 ? ['schema_version'] : taken;
    if (foreign === undefined) return 0;
    throw new StoreError(
      'store_corrupt',
      `${where} has a table "${foreign}" of another program: name another database in store.url, or another schema (?options=-c%20search_path%3Dshim)`,
    );
  }
  const [row] = await session.query<{ version: number }>({
    text: 'SELECT webhook_shim AS version FROM schema_version',
  });
  const version = row?.version ?? 0;
  if (version > CURRENT) {
    throw new StoreError(
      'store_newer',
      `${where} was written by a newer version (schema ${version}, this one knows ${CURRENT}): install that version or restore a backup`,
    );
  }
  return version;
}
