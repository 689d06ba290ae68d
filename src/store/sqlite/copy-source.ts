import { StoreError } from '../../errors.js';
import type { CopySource } from '../copy/ports.js';
import { type Value as Copied, type Kind, type Row, type TableName, tableOf } from '../copy/tables.js';
import { isThere, noData, own, requireCurrent } from './connection.js';
import { copyRows, type IdOf } from './copy-rows.js';
import { Database, type Statement, type Value } from './driver.js';
import { schemaVersion } from './migrations.js';
import { isOfDriver, storeError } from './store-error.js';
import { fromText } from './values.js';
import { refuseWalOfAnother } from './wal-of-another.js';

/**
 * A file as it is at this moment: one read transaction holds it. A service may go on meanwhile; what it writes stays in
 * the WAL until the end. Where none runs, none can start.
 *
 * @throws StoreError where it cannot be read as it is; ShimError `not_found` where there is none
 */
export function openSqliteSource(path: string, idOf: IdOf): CopySource {
  if (!isThere(path)) throw noData(path);
  refuseWalOfAnother(path);
  const release = ownUnlessServed(path);
  let db: Database | undefined;
  const close = (): void => {
    db?.close();
    release?.();
  };
  try {
    db = new Database(path, { readOnly: true });
    db.exec('PRAGMA busy_timeout = 5000; BEGIN');
    const version = schemaVersion(db, path);
    if (version === 0) throw noData(path);
    requireCurrent(version, path);
    return { ...reading(db, path, copyRows(idOf)), name: `sqlite:${path}`, served: release === null, close };
  } catch (error) {
    close();
    throw isOfDriver(error) ? storeError(path, error) : error;
  }
}

function reading(
  db: Database,
  path: string,
  select: Readonly<Record<TableName, string>>,
): Pick<CopySource, 'rows' | 'missing' | 'lastNumbers'> {
  const explained = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw storeError(path, error);
    }
  };
  const statements = new Map<TableName, Statement<readonly Value[]>>();
  /** Kept for as long as all of it: an iterator of @photostructure/sqlite crashes once its statement was collected. */
  const statementOf = (table: TableName): Statement<readonly Value[]> => {
    const statement = statements.get(table) ?? db.prepareTuples<readonly Value[]>(select[table]);
    statements.set(table, statement);
    return statement;
  };
  return {
    *rows(table, after) {
      const kinds = Object.values(tableOf(table).columns);
      const rows = explained(() => statementOf(table).iterate(after));
      try {
        for (;;) {
          const next = explained(() => rows.next());
          if (next.done === true) return;
          yield rowOf(next.value, kinds);
        }
      } finally {
        // Whoever has enough ends the statement: none may be open when the file is closed.
        rows.return?.();
      }
    },
    missing: (table, numbers) =>
      explained(() =>
        db
          .query<{ number: number }>(
            `SELECT value AS number FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE id = value)`,
            JSON.stringify(numbers),
          )
          .map(({ number }) => number),
      ),
    lastNumbers: () =>
      explained(() => {
        const rows = db.query<{ name: string; seq: number }>('SELECT name, seq FROM sqlite_sequence');
        return Object.fromEntries(rows.map(({ name, seq }) => [name, seq]));
      }),
  };
}

/** @returns gives it back; null where a service has it. */
function ownUnlessServed(path: string): (() => void) | null {
  try {
    return own(path);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'store_locked') return null;
    throw error;
  }
}

const rowOf = (values: readonly Value[], kinds: readonly Kind[]): Row =>
  values.map((value, index) => copied(value, kinds[index] ?? 'text'));

function copied(value: Value, kind: Kind): Copied {
  if (value === null) return null;
  if (kind === 'bool') return value === 1;
  if (kind === 'text') return typeof value === 'number' ? String(value) : fromText(value);
  if (typeof value === 'number') return kind === 'float' ? value : Math.round(value);
  if (typeof value === 'string') return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
}
