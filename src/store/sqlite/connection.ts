import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ShimError, StoreError } from '../../errors.js';
import { type Migration, type OpenMode, outdated } from '../opening.js';
import type { Store } from '../store.js';
import { Database } from './driver.js';
import { CURRENT, migrate, schemaVersion } from './migrations.js';
import { takeOwnership } from './ownership.js';
import { createSqliteStore } from './sqlite-store.js';
import { fileError, isBusy, storeError } from './store-error.js';
import { refuseWalOfAnother } from './wal-of-another.js';

/** Milliseconds that a lock of another process is waited for. Waiting beats refusing: a refused webhook is lost. */
const BUSY_TIMEOUT = 5000;
/** Between two tries where SQLite does not wait by itself. */
const BUSY_PAUSE = 10;

/**
 * A checkpoint at 1000 pages (4 MiB) cost no throughput against 4000, and halved the 99th percentile of a put (27 ms
 * instead of 47); neither 32 nor 16 MiB of cache (given in KiB) gained anything over 8. A transaction of large bodies may
 * make the WAL larger for once: it is cut back to the limit, in bytes. No mmap: its pages would count as resident.
 */
const SETTINGS = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT};
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -8000;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = 67108864;
`;

/** Whoever held them has ended: see `takeOwnership`. */
const FREE_LEASES = "UPDATE deliveries SET state = 'pending', lease_until = NULL WHERE state = 'sending'";

/**
 * @param path absolute
 * @param migrating to serve it alone: whether what is missing is made
 * @throws StoreError, or ShimError `not_found` where nothing is there and nothing is made
 */
export function openSqliteStore(path: string, mode: OpenMode, migrating: boolean): Store {
  if (mode !== 'own' && !isThere(path)) throw noData(path);
  if (!migrating && !isThere(path)) throw notMigrated(path);
  const release = mode === 'own' ? own(path) : () => {};
  let db: Database | undefined;
  const close = (): void => {
    db?.close();
    release();
  };
  try {
    refuseWalOfAnother(path);
    db = new Database(path, { readOnly: mode === 'read' });
    db.exec(SETTINGS);
    prepareSchema(db, path, mode, migrating);
    if (mode !== 'own') return createSqliteStore(db, path, mode === 'share', close);
    db.exec(FREE_LEASES);
    const owned = db;
    return createSqliteStore(db, path, true, () => {
      emptyWal(owned);
      close();
    });
  } catch (error) {
    close();
    throw error instanceof ShimError ? error : storeError(path, error);
  }
}

/** So that the file alone is a whole copy once the service has stopped. Not worth waiting for, nor failing for. */
function emptyWal(db: Database): void {
  try {
    db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // The next start does it.
  }
}

/** Makes the file where it is missing, and brings its schema up to date, whether it is served or not. */
export function migrateSqliteStore(path: string): Migration {
  let db: Database | undefined;
  try {
    create(path);
    refuseWalOfAnother(path);
    db = new Database(path, { readOnly: false });
    db.exec(SETTINGS);
    return bringUpToDate(db, path);
  } catch (error) {
    throw error instanceof ShimError ? error : storeError(path, error);
  } finally {
    db?.close();
  }
}

function bringUpToDate(db: Database, path: string): Migration {
  schemaVersion(db, path);
  enterWal(db, performance.now() + BUSY_TIMEOUT);
  return migrate(db, path);
}

/** Of several that do it at once with a new file, SQLite refuses all but one at once, whatever its time-out. */
function enterWal(db: Database, until: number): void {
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE);
    }
  }
}

function prepareSchema(db: Database, path: string, mode: OpenMode, migrating: boolean): void {
  if (mode === 'own' && migrating) {
    bringUpToDate(db, path);
    return;
  }
  const version = schemaVersion(db, path);
  if (version === 0) throw mode === 'own' ? notMigrated(path) : noData(path);
  requireCurrent(version, path);
}

export function requireCurrent(version: number, path: string): void {
  if (version !== CURRENT) throw outdated(path, { from: version, to: CURRENT });
}

/** Makes the folder and the file where they are missing, for this user alone: they hold business data. */
function create(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    createPrivately(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** @returns gives it back */
export function own(path: string): () => void {
  create(path);
  try {
    // Two names of one file are one store.
    const file = realpathSync(path);
    createPrivately(`${file}.lock`);
    return takeOwnership(file);
  } catch (error) {
    throw error instanceof StoreError ? error : fileError(path, error);
  }
}

function createPrivately(path: string): void {
  if (existsSync(path)) return;
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

/**
 * Where it cannot be told it is not taken for missing: to a person who may not look into the folder of the service, a
 * full store looked like none.
 */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return false;
    throw fileError(path, error);
  }
}

const notMigrated = (path: string): ShimError =>
  new ShimError('not_found', `no data yet at ${path}: run "webhook-shim migrate" first`);

export const noData = (path: string): ShimError =>
  new ShimError('not_found', `no data yet at ${path}: start the service first, or correct the path`);
