import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { UsageError } from '../../errors.js';
import type { OpenMode } from '../open-mode.js';
import { Database, type DatabaseOptions } from './database.js';
import { Hints } from './hints.js';
import { migrate, requireCurrent } from './migrations.js';
import { PostgresStore } from './postgres-store.js';
import { type Address, addressText } from './store-error.js';

export type PostgresOptions = Pick<DatabaseOptions, 'connections' | 'statementTimeout'>;

/**
 * @param url as libpq takes it: TLS, search_path and more as parameters
 * @throws StoreError, or ShimError `not_found` where there is nothing to share or read
 */
export async function openPostgresStore(
  url: string,
  mode: OpenMode,
  options: PostgresOptions,
): Promise<PostgresStore> {
  const address = addressOf(url);
  const where = addressText(address);
  const db = new Database({ url, address, ...options, readOnly: mode === 'read' });
  try {
    if (mode === 'own') await migrate(db, where);
    else await requireCurrent(db, where);
  } catch (error) {
    await db.close();
    throw error;
  }
  return new PostgresStore(db, new Hints(db, url, randomUUID()), where, mode !== 'read');
}

/** Whether a store can be made where none is yet. @throws StoreError why there is no connection */
export async function canMakePostgresStore(url: string, options: PostgresOptions): Promise<boolean> {
  const db = new Database({ url, address: addressOf(url), ...options, readOnly: true });
  try {
    const [row] = await db.query<{ allowed: boolean }>({
      text: `SELECT has_schema_privilege(current_schema(), 'CREATE') AS allowed`,
    });
    return row?.allowed ?? false;
  } finally {
    await db.close();
  }
}

/** As the driver understands it, the environment's PGHOST and the like included. @throws UsageError for what it does not */
function addressOf(url: string): Address {
  try {
    const { host, port, database = '', user = '' } = new pg.Client({ connectionString: url });
    return { host, port, database, user };
  } catch (error) {
    // What it says of the URL itself might show the password.
    const file = error instanceof Error && 'path' in error ? `: cannot read ${String(error.path)}` : '';
    throw new UsageError(
      'config_invalid',
      `store.url is no address of a PostgreSQL database, such as postgres://user:password@host:5432/shim${file}`,
    );
  }
}
