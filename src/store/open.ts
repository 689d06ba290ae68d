import { dirname, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import type { Migration, OpenMode } from './opening.js';
import { migrateSqliteStore, openSqliteStore } from './sqlite/connection.js';
import type { Store } from './store.js';

export interface OpenOptions {
  readonly mode: OpenMode;
  /** To serve: whether the schema is brought up to date; else an old one is refused. Default true. */
  readonly migrate?: boolean;
  /** Where a relative path starts. */
  readonly cwd?: string;
  /** PostgreSQL: connections at once, at the most. */
  readonly connections?: number;
  /** PostgreSQL: milliseconds that one statement may take. */
  readonly statementTimeout?: number;
}

/**
 * Opens the store at a `store.url`.
 * @param url `sqlite:` and the path of a file, or `postgres://…`. A SQLite file is served by one process at a time, a
 *   PostgreSQL database by any number.
 * @throws UsageError for a URL that names no store, StoreError for a store that cannot be opened, ShimError
 *   `not_found` where there is nothing yet to share or read.
 */
export async function openStore(url: string, options: OpenOptions): Promise<Store> {
  const { mode, migrate = true } = options;
  if (!isShared(url)) return openSqliteStore(storeFile(url, options.cwd), mode, migrate);
  const { openPostgresStore } = await import('./postgres/connection.js');
  return openPostgresStore(url, mode, limitsOf(options), migrate);
}

/**
 * Makes what is missing at a `store.url`, and brings the schema up to date: any number may do so at once.
 * @param options.days PostgreSQL: of so many days after today there are partitions then
 */
export async function migrateStore(
  url: string,
  { now, days, ...options }: Omit<OpenOptions, 'mode'> & { readonly now: number; readonly days: number },
): Promise<Migration> {
  if (!isShared(url)) return migrateSqliteStore(storeFile(url, options.cwd));
  const { migratePostgresStore } = await import('./postgres/connection.js');
  return migratePostgresStore(url, limitsOf(options), { now, days });
}

/** Whether several processes can serve it at once. */
export const isShared = (url: string): boolean => /^postgres(ql)?:\/\//.test(url);

/** Where a store that is not there yet would be made: a folder, or a database and whether that may be done. */
export async function placeForStore(
  url: string,
  options: Omit<OpenOptions, 'mode'>,
): Promise<{ readonly folder: string } | { readonly allowed: boolean }> {
  if (!isShared(url)) return { folder: dirname(storeFile(url, options.cwd)) };
  const { canMakePostgresStore } = await import('./postgres/connection.js');
  return { allowed: await canMakePostgresStore(url, limitsOf(options)) };
}

const limitsOf = ({ connections = 10, statementTimeout = 30_000 }: Omit<OpenOptions, 'mode'>) => ({
  connections,
  statementTimeout,
});

/** The file behind a `store.url`, absolute. */
export const storeFile = (url: string, cwd = '.'): string => resolve(cwd, sqlitePath(url));

function sqlitePath(url: string): string {
  const path = /^sqlite:(?:\/\/(?=\/))?(?<path>.+)$/s.exec(url)?.groups?.path;
  if (path === undefined) {
    throw new UsageError(
      'config_invalid',
      `store.url must be "sqlite:" and the path of a file, such as sqlite:data/shim.db, or postgres://…; it is not that: ${withoutPassword(url)}`,
    );
  }
  if (path === ':memory:') {
    throw new UsageError(
      'config_invalid',
      'store.url names a store in memory, which loses what it took: name a file, such as sqlite:data/shim.db',
    );
  }
  return path;
}

const withoutPassword = (url: string): string => url.replace(/\/\/.*@/s, '//…@');
