import { createRequire } from 'node:module';

/** What can be bound to a statement. Booleans are 0 and 1. */
export type Value = string | number | null | Uint8Array;

/** The part that is used of the API that `node:sqlite` and `@photostructure/sqlite` share. All of it is synchronous. */
interface Connection {
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare<Row>(sql: string): Statement<Row> & { setReturnArrays(enabled: boolean): void };
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
}

interface Driver {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => Connection;
  /** Off the main thread. A file that is there is overwritten. */
  backup(
    source: Connection,
    to: string,
    options: {
      readonly rate: number;
      readonly progress: (state: { readonly totalPages: number; readonly remainingPages: number }) => void;
    },
  ): Promise<number>;
}

const require = createRequire(import.meta.url);
let driver: Driver | undefined;

/**
 * One connection, with the driver for this Node, which is loaded on first use, so that the other one never is. What
 * fails throws what the driver throws; `storeError` makes sense of it. `Row` is what the SQL beside it selects: nothing
 * checks it at run time.
 */
export class Database {
  readonly #connection: Connection;
  readonly #queries = new Map<string, Statement<unknown>>();

  constructor(path: string, options: { readonly readOnly: boolean }) {
    this.#connection = new (loadDriver().DatabaseSync)(path, options);
  }

  /** False also where SQLite has rolled back by itself, as it may when the disk is full. */
  get isTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  prepare<Row = never>(sql: string): Statement<Row> {
    return this.#connection.prepare<Row>(sql);
  }

  /** The same with rows as tuples: a third less work than objects, whose every key crosses over as a string. */
  prepareTuples<Row extends readonly Value[]>(sql: string): Statement<Row> {
    const statement = this.#connection.prepare<Row>(sql);
    statement.setReturnArrays(true);
    return statement;
  }

  /**
   * For statements that are put together: kept by their text, of which there are few.
   *
   * @returns plain objects: those of `node:sqlite` have no prototype
   */
  query<Row>(sql: string, ...values: readonly Value[]): readonly Row[] {
    const statement = (this.#queries.get(sql) as Statement<Row> | undefined) ?? this.prepare<Row>(sql);
    this.#queries.set(sql, statement);
    return statement.all(...values).map((row) => ({ ...row }));
  }

  /** What the file says of itself in a number. */
  pragma(name: string): number {
    return this.query<Readonly<Record<string, number>>>(`PRAGMA ${name}`)[0]?.[name] ?? 0;
  }

  /**
   * Copies all of it, page by page, into a file, without holding up this thread.
   *
   * @param onProgress gets how much is copied, 0 to 1, after each `pages`; what it throws makes this reject
   */
  async backup(to: string, pages: number, onProgress: (done: number) => void): Promise<void> {
    await loadDriver().backup(this.#connection, to, {
      rate: pages,
      progress: ({ totalPages, remainingPages }) => onProgress(1 - remainingPages / totalPages),
    });
  }

  /**
   * `@photostructure/sqlite` does not end its statements here as `node:sqlite` does, so that the files stay open until
   * they are collected or the thread ends: nothing may depend on what SQLite does when the last connection closes.
   */
  close(): void {
    this.#connection.close();
  }
}

function loadDriver(): Driver {
  driver ??= require(driverFor(process.versions.node)) as Driver;
  return driver;
}

/**
 * Node's own SQLite prints an ExperimentalWarning up to 24.14, and is older there than 3.51.3, which mended a rare
 * corruption of WAL files (sqlite.org/wal.html, "The WAL-reset bug"); so is the one in 25, which has ended.
 */
export function driverFor(nodeVersion: string): 'node:sqlite' | '@photostructure/sqlite' {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major > 25 || (major === 24 && minor >= 15) ? 'node:sqlite' : '@photostructure/sqlite';
}
