import type { Digest } from './digest.js';
import type { Row, TableName } from './tables.js';

/** A store as it was at one moment. */
export interface CopySource {
  /** For a person, and to know it again: without secrets. */
  readonly name: string;
  /** Whether a service goes on with it, so that it has changed since. Where none does, none can begin until `close`. */
  readonly served: boolean;
  /** In the order in which they were made. @param after the number of the last that is not asked for */
  rows(table: TableName, after: number): Iterable<Row>;
  /** Which of some numbers a table does not have any more. */
  missing(table: TableName, numbers: readonly number[]): readonly number[];
  /** The highest number that each table has ever given. */
  lastNumbers(): Readonly<Record<string, number>>;
  close(): void;
}

/** A store that nobody serves yet. Each verb is one transaction; what fails rejects with a `StoreError`. */
export interface CopyTarget {
  readonly name: string;
  /**
   * Takes it for a copy of a source, or goes on with one.
   *
   * @returns whether something was copied before
   * @throws {UsageError} where it holds anything else
   */
  begin(source: string): Promise<boolean>;
  /** The number of a table after which nothing was copied yet, or where something may have changed since. */
  through(table: TableName): Promise<number>;
  /** Writes rows of a table in the order of their numbers; what is there and has changed is brought up to date. */
  write(table: TableName, rows: readonly Row[]): Promise<void>;
  clear(table: TableName): Promise<void>;
  /** Removes the rows of a table that have ids for which `gone` says so. */
  removeGone(table: TableName, gone: (numbers: readonly number[]) => readonly number[]): Promise<void>;
  /** Brings its dead letters up to date. @param deliveryOf the row of a number, if there is one */
  renewDead(deliveryOf: (number: number) => Row | null): Promise<void>;
  /** New rows get higher numbers than these. */
  advance(numbers: Readonly<Record<string, number>>): Promise<void>;
  /** Reads all of a table back. @param onRow called for each, to tell how far it has come */
  digest(table: TableName, onRow: () => void): Promise<Digest>;
  /** From now on a service may begin on it. */
  finish(): Promise<void>;
  close(): Promise<void>;
}
