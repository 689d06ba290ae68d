import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StoreError, UsageError } from '../../errors.js';
import type { Backup, BackupOptions } from '../backup.js';
import { isThere, noData } from './connection.js';
import { Database } from './driver.js';
import { schemaVersion } from './migrations.js';
import { isOfDriver, storeError } from './store-error.js';
import { refuseWalOfAnother } from './wal-of-another.js';

/** Pages from one report of progress to the next: 4 MiB. */
const STEP = 1024;

type Counts = Pick<Backup, 'webhooks' | 'events' | 'deliveries'>;

/** See `backupStore`. Both paths are absolute. */
export async function backupSqlite(path: string, file: string, options: BackupOptions): Promise<Backup> {
  if (!isThere(path)) throw noData(path);
  refuseWalOfAnother(path);
  checkPlace(path, file, options.force);
  // Beside it, so that it can be renamed; of this process alone, since another one may be making a copy there as well.
  const partial = `${file}.${process.pid}.partial`;
  try {
    removeLeftovers(file);
    createEmpty(partial);
    const counts = await copy(path, partial, (done) => {
      options.signal?.throwIfAborted();
      options.onProgress(done);
    });
    // A small one is copied without a word of progress.
    options.signal?.throwIfAborted();
    verify(partial, counts);
    flush(partial);
    checkPlace(path, file, options.force);
    renameSync(partial, file);
    flush(dirname(file));
    return { file, bytes: statSync(file).size, ...counts };
  } catch (error) {
    rmSync(partial, { force: true });
    throw error instanceof Error && 'syscall' in error ? placeError(file, error) : error;
  }
}

function checkPlace(path: string, file: string, force: boolean): void {
  if (!existsSync(file)) return;
  const inUse = [path, `${path}-wal`, `${path}-shm`, `${path}.lock`].filter(existsSync).map(realOf);
  if (inUse.includes(realOf(file))) {
    throw new UsageError('usage', `${file} is the store itself: name another file`);
  }
  if (!force)
    throw new UsageError('usage', `${file} is there: name another file, or replace it with --force`);
}

const realOf = (path: string): string => realpathSync(path);

/** What runs left that were killed: their processes are gone. Before each had a name of its own, it was without a number. */
function removeLeftovers(file: string): void {
  const left = /^\.(?:(\d+)\.)?partial(?:-journal)?$/;
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    const found = name.startsWith(basename(file)) ? left.exec(name.slice(basename(file).length)) : null;
    if (found !== null && !isAlive(found[1])) rmSync(join(folder, name), { force: true });
  }
}

function isAlive(pid: string | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // There, and of another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** For this user alone: it will hold business data. */
function createEmpty(path: string): void {
  // In a container the run before may have had the same number.
  for (const left of [path, `${path}-journal`]) rmSync(left, { force: true });
  closeSync(openSync(path, 'wx', 0o600));
}

/**
 * All within one read transaction, which holds the moment of the copy: without it SQLite would begin again whenever
 * another process has written, which under load is for ever. Writers go on; what they write stays in the WAL meanwhile.
 */
async function copy(path: string, to: string, onProgress: (done: number) => void): Promise<Counts> {
  let db: Database | undefined;
  try {
    db = new Database(path, { readOnly: true });
    db.exec('PRAGMA busy_timeout = 5000; BEGIN');
    if (schemaVersion(db, path) === 0) throw noData(path);
    const counts = countsOf(db);
    await copyInto(db, to, onProgress);
    return counts;
  } catch (error) {
    throw isOfDriver(error) ? storeError(path, error) : error;
  } finally {
    db?.close();
  }
}

/** @throws StoreError where it cannot be written; what `onProgress` throws. */
export async function copyInto(db: Database, to: string, onProgress: (done: number) => void): Promise<void> {
  let ended: unknown;
  try {
    await db.backup(to, STEP, (done) => {
      try {
        onProgress(done);
      } catch (error) {
        ended = error;
        // At once: a driver may come to its end all the same before it says that it has stopped. Not sooner: one that
        // has not opened the file yet would fail without it, or make it anew for all to read.
        rmSync(to, { force: true });
        throw error;
      }
    });
  } catch (error) {
    if (ended !== undefined) throw ended;
    const reason = storeError(to, error);
    throw reason.code === 'store_full' ? noRoom(to, error) : reason;
  }
}

const noRoom = (path: string, cause: unknown): StoreError =>
  new StoreError('store_full', `${path}: the disk has no room for the copy: name a file on another one`, {
    cause,
  });

/** Of the file system, about the place that was named for the copy. */
function placeError(file: string, cause: Error): StoreError {
  if ('code' in cause && cause.code === 'ENOSPC') return noRoom(file, cause);
  return new StoreError(
    'store_unwritable',
    `${file}: cannot be written (${cause.message}): name a file in a folder that is there, and that you may write to`,
    { cause },
  );
}

/** Makes it one file that needs no other beside it, and reads all of it. */
function verify(path: string, expected: Counts): void {
  const db = new Database(path, { readOnly: false });
  try {
    db.exec('PRAGMA journal_mode = DELETE');
    const [found] = db.query<{ integrity_check: string }>('PRAGMA integrity_check(1)');
    const counts = countsOf(db);
    const missing = Object.entries(expected).some(([table, count]) => Reflect.get(counts, table) !== count);
    if (found?.integrity_check === 'ok' && !missing) return;
    const detail = missing ? 'rows are missing' : (found?.integrity_check ?? 'no answer');
    throw new StoreError(
      'store_corrupt',
      `the copy is damaged (${detail}), and so may be the store: look into the system log, check the disk, and keep older backups`,
    );
  } catch (error) {
    throw isOfDriver(error) ? storeError(path, error) : error;
  } finally {
    db.close();
  }
}

function countsOf(db: Database): Counts {
  const [counts] = db.query<Counts>(
    `SELECT (SELECT count(*) FROM webhooks) AS webhooks, (SELECT count(*) FROM events) AS events,
            (SELECT count(*) FROM deliveries) AS deliveries`,
  );
  return counts ?? { webhooks: 0, events: 0, deliveries: 0 };
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
