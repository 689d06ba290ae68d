import { createRequire } from 'node:module';

/** What can be bound to a statement. Booleans are 0 and 1. */
export type Value = string | number | null | Uint8Array;

/** The part that is used of the API that `node:sqlite` and `@photostructure/sqlite` share. All of it is synchronous. */
export interface Database {
  /** False where SQLite has already rolled back by itself, as it may when the disk is full. */
  readonly isTransaction: boolean;
  exec(sql: string): void;
  /** @typeParam Row what the SQL beside it selects: nothing checks it at run time. */
  prepare<Row = never>(sql: string): Statement<Row>;
  close(): void;
}

export interface Statement<Row> {
  run(...values: readonly Value[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  get(...values: readonly Value[]): Row | undefined;
  all(...values: readonly Value[]): readonly Row[];
  iterate(...values: readonly Value[]): IterableIterator<Row>;
  setReturnArrays(enabled: boolean): void;
}

/** For the busy reads, rows as tuples: a third less work than objects, whose every key crosses over as a string. */
export function prepareTuples<Row extends readonly Value[]>(db: Database, sql: string): Statement<Row> {
  const statement = db.prepare<Row>(sql);
  statement.setReturnArrays(true);
  return statement;
}

interface Driver {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => Database;
}

const require = createRequire(import.meta.url);
let driver: Driver | undefined;

/**
 * Opens a file with the driver for this Node, which is loaded on first use, so that the other one never is.
 * @throws what the driver throws; `storeError` makes sense of it.
 */
export function openDatabase(path: string, options: { readonly readOnly: boolean }): Database {
  driver ??= require(driverFor(process.versions.node)) as Driver;
  return new driver.DatabaseSync(path, options);
}

/**
 * Node's own SQLite prints an ExperimentalWarning up to 24.14, and is older there than 3.51.3, which mended a rare
 * corruption of WAL files (sqlite.org/wal.html, "The WAL-reset bug"); so is the one in 25, which has ended.
 */
export function driverFor(nodeVersion: string): 'node:sqlite' | '@photostructure/sqlite' {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major > 25 || (major === 24 && minor >= 15) ? 'node:sqlite' : '@photostructure/sqlite';
}
