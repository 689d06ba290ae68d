import type { Database, Statement, Value } from './driver.js';

/** A text column as it is read: see `text`. */
export type Text = string | Uint8Array;

/**
 * Binds a text that may hold U+0000. `@photostructure/sqlite` cuts a TEXT there, in and out, and a file may be opened
 * with either driver: such a text is kept as the BLOB of its UTF-8 bytes.
 */
export const text = (value: string): Value => (value.includes('\0') ? Buffer.from(value, 'utf8') : value);

export const optionalText = (value: string | null): Value => (value === null ? null : text(value));

/** What `text` bound. */
export const fromText = (value: Text): string =>
  typeof value === 'string'
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');

export const fromOptionalText = (value: Text | null): string | null =>
  value === null ? null : fromText(value);

/** Rows to a statement: the trip between JavaScript and SQLite costs as much as the row, so they are shared out. */
const SIZES = [16, 4, 1];

/** Inserts many rows in few statements. */
export class Insert {
  readonly #width: number;
  readonly #statements: readonly { readonly rows: number; readonly statement: Statement<never> }[];

  constructor(db: Database, table: string, columns: readonly string[]) {
    this.#width = columns.length;
    const row = `(${columns.map(() => '?').join(',')})`;
    this.#statements = SIZES.map((rows) => ({
      rows,
      statement: db.prepare(
        `INSERT INTO ${table} (${columns.join(',')}) VALUES ${Array<string>(rows).fill(row).join(',')}`,
      ),
    }));
  }

  /** @param values row after row, flat. @returns the id of the last row; 0 where there was none. */
  run(values: readonly Value[]): number {
    let last = 0;
    let at = 0;
    for (const { rows, statement } of this.#statements) {
      const step = rows * this.#width;
      for (; at + step <= values.length; at += step) {
        last = Number(statement.run(...values.slice(at, at + step)).lastInsertRowid);
      }
    }
    return last;
  }
}
