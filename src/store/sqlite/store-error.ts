import { messageOf, StoreError } from '../../errors.js';

/** Primary result codes: https://sqlite.org/rescode.html */
const FULL = 13;
const OWN_FAULT = new Set([
  1 /* ERROR */, 18 /* TOOBIG */, 19 /* CONSTRAINT */, 20 /* MISMATCH */, 25 /* RANGE */,
]);
const IOERR_SHMSIZE = 4874;
const READONLY_DBMOVED = 1032;

/**
 * `@photostructure/sqlite` leaves the code out of what `all` and `iterate` throw (1.2.1; 2.0 has it, and no Node 20), so
 * that the text of SQLite has to tell. What is not among these is the fault of a statement.
 */
const CODES: ReadonlyMap<string, number> = new Map([
  ['access permission denied', 3],
  ['database is locked', 5],
  ['database table is locked', 6],
  ['out of memory', 7],
  ['attempt to write a readonly database', 8],
  ['interrupted', 9],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', FULL],
  ['unable to open database file', 14],
  ['locking protocol', 15],
  ['file is not a database', 26],
]);

/** Whether the driver threw it for what SQLite said. */
export const isOfDriver = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';

/** The result code of an error of the driver, extended where it gives that; null for any other. */
function resultCode(error: unknown): number | null {
  if (!isOfDriver(error)) return null;
  return 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : (CODES.get(error.message) ?? null);
}

/** Whether another connection was in the way. */
export const isBusy = (error: unknown): boolean => ((resultCode(error) ?? 0) & 0xff) === 5;

/** Whether an error is of one statement alone, so that the rest of the transaction can still be kept. */
export function isOwnFault(error: unknown): boolean {
  const code = resultCode(error);
  return code === null || OWN_FAULT.has(code & 0xff);
}

/** Says what happened to the database at `path` and what to do about it. */
export function storeError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const detail = messageOf(error);
  const fail = (code: StoreError['code'], message: string) =>
    new StoreError(code, `${path}: ${message}`, { cause: error });
  const code = resultCode(error);
  if (code === null) return fail('store_unavailable', `the store failed: ${detail}`);
  if (code === IOERR_SHMSIZE) return full(fail);
  if (code === READONLY_DBMOVED) return moved(path);
  switch (code & 0xff) {
    case FULL:
      return full(fail);
    case 5: // BUSY
    case 6: // LOCKED
    case 15: // PROTOCOL
      return fail(
        'store_locked',
        'another program holds the database locked: end what has it open (a database shell, a backup), then try again',
      );
    case 11: // CORRUPT
    case 26: // NOTADB
      return fail(
        'store_corrupt',
        `the database is damaged (${detail}): stop the shim, move this file and those beside it that end in -wal and -shm away together, then restore a backup; sqlite3's ".recover" can read what is left of it`,
      );
    case 3: // PERM
    case 8: // READONLY
    case 14: // CANTOPEN
    case 23: // AUTH
      return unwritable(path, error);
    case 10: // IOERR
      return fail(
        'store_unavailable',
        `the disk failed (${detail}, ${code}): look into the system log, and check the disk before anything else`,
      );
    default:
      return fail('store_unavailable', `the store failed: ${detail} (${code})`);
  }
}

const full = (fail: (code: StoreError['code'], message: string) => StoreError): StoreError =>
  fail('store_full', 'the disk is full: free some space; a service that runs goes on by itself');

export const moved = (path: string): StoreError =>
  new StoreError(
    'store_unavailable',
    `${path}: the file was moved or deleted while it was in use: restart the shim, and put the file back before if it was moved`,
  );

/** The same for an error of the file system. */
export const fileError = (path: string, error: unknown): StoreError =>
  error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    ? full((code, message) => new StoreError(code, `${path}: ${message}`, { cause: error }))
    : unwritable(path, error);

function unwritable(path: string, cause: unknown): StoreError {
  const detail = messageOf(cause);
  return new StoreError(
    'store_unwritable',
    `${path}: cannot be written (${detail}): run this as the user that runs the shim, who needs the right to write this file and its folder, or name another place in store.url`,
    { cause },
  );
}
