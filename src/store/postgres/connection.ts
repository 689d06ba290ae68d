import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { StoreError, UsageError } from '../../errors.js';
import type { Migration, OpenMode } from '../opening.js';
import type { Store } from '../store.js';
import { Database, type DatabaseOptions } from './database.js';
import { Days } from './days.js';
import { Hints } from './hints.js';
import { migrate, requireCurrent } from './migrations.js';
import { occupy, refuseUnfinished } from './occupancy.js';
import { createPostgresStore } from './postgres-store.js';
import { requireSessions } from './sessions.js';
import { type Address, addressText, NO_WRITES, noSchema } from './store-error.js';
import { checkedUrl, ODD_PASSWORDS } from './url-parameters.js';

export type PostgresOptions = Pick<DatabaseOptions, 'connections' | 'statementTimeout'>;

/**
 * @param url as libpq takes it: TLS, search_path and more as parameters
 * @param migrating to serve: whether what is missing is made
 * @throws StoreError, or ShimError `not_found` where nothing is there and nothing is made
 */
export async function openPostgresStore(
  url: string,
  mode: OpenMode,
  options: PostgresOptions,
  migrating: boolean,
): Promise<Store> {
  const role = { readOnly: mode === 'read', receives: mode === 'own' };
  const { db, where, checked } = await openDatabase(url, { ...options, ...role });
  try {
    await prepare(db, where, mode, migrating);
  } catch (error) {
    await db.close();
    throw error;
  }
  return createPostgresStore(db, new Hints(db, checked, randomUUID()), where, mode !== 'read');
}

async function prepare(db: Database, where: string, mode: OpenMode, migrating: boolean): Promise<void> {
  if (mode === 'own' && migrating) await migrate(db, where);
  else await requireCurrent(db, where, mode === 'own' ? 'run "webhook-shim migrate"' : undefined);
  if (mode === 'own') await occupy(db, where);
  if (mode === 'share') await refuseUnfinished(db, where);
}

/**
 * Brings the schema up to date.
 * @param days for whoever may write rows and make no tables: partitions are made for so many days after the one of `now`
 */
export async function migratePostgresStore(
  url: string,
  options: PostgresOptions,
  { now, days }: { readonly now: number; readonly days: number },
): Promise<Migration> {
  const { db, where } = await openDatabase(url, { ...options, readOnly: false });
  try {
    const done = await migrate(db, where);
    await new Days(db).prepare(now, days);
    return done;
  } finally {
    await db.close();
  }
}

/** Whether a user may make a store where none is yet. @throws StoreError why nobody can */
export async function canMakePostgresStore(url: string, options: PostgresOptions): Promise<boolean> {
  const { db, address, where } = await openDatabase(url, { ...options, readOnly: false });
  try {
    // Null where its search_path names no schema that it may use.
    const [row] = await db.query<{ allowed: boolean | null; writes: boolean }>({
      text: `SELECT has_schema_privilege(current_schema(), 'CREATE') AS allowed,
                    current_setting('transaction_read_only') = 'off' AS writes`,
    });
    if (row?.writes === false) throw new StoreError('store_unwritable', `${where}: ${NO_WRITES}`);
    const allowed = row?.allowed ?? null;
    if (allowed === null) throw new StoreError('store_unwritable', `${where}: ${noSchema(address.user)}`);
    return allowed;
  } finally {
    await db.close();
  }
}

interface Opened {
  readonly db: Database;
  readonly address: Address;
  /** The address, for a person. */
  readonly where: string;
  /** The URL for other connections. */
  readonly checked: string;
}

/** @throws UsageError for a URL that does not say what is meant, StoreError where nothing can be kept in a connection */
export async function openDatabase(
  url: string,
  options: Omit<DatabaseOptions, 'url' | 'address'>,
): Promise<Opened> {
  const checked = checkedUrl(url);
  const address = addressOf(checked);
  await requireSessions(checked, address);
  return {
    db: new Database({ url: checked, address, ...options }),
    address,
    where: addressText(address),
    checked,
  };
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
      `store.url is no address of a PostgreSQL database, such as postgres://user:password@host:5432/shim${file === '' ? `; ${ODD_PASSWORDS}` : file}`,
    );
  }
}
