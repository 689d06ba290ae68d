import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { StoreError } from '../../errors.js';
import { fileError } from './store-error.js';

/** In the header of a database. */
const WITHOUT_WAL = 1;

/**
 * A backup that was put in the place of a database, whose WAL is still there: SQLite takes what that holds for the
 * backup's, and writes it over it when the last connection is closed, of a command as of the service. It is damaged then,
 * and says nothing (seen: of 3703 webhooks 628 were left, and the service was ready). What has a WAL of its own says so in
 * its header (https://sqlite.org/fileformat2.html, offset 18), and a backup does not.
 * To be asked before this process opens the database: to close a file gives up all locks that a process has on it.
 *
 * @throws StoreError
 */
export function refuseWalOfAnother(path: string): void {
  let real: string;
  try {
    real = realpathSync(path);
    if ((statSync(`${real}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
    if (versionIn(real) !== WITHOUT_WAL) return;
  } catch (error) {
    throw fileError(path, error);
  }
  throw new StoreError(
    'store_corrupt',
    `${path} was put beside files of another database: move ${real}-wal and ${real}-shm away, then try again`,
  );
}

function versionIn(file: string): number | undefined {
  const header = Buffer.alloc(20);
  const opened = openSync(file, 'r');
  try {
    readSync(opened, header, 0, header.length, 0);
  } finally {
    closeSync(opened);
  }
  return header[18];
}
