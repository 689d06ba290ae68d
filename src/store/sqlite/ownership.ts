import { StoreError } from '../../errors.js';
import { Database } from './driver.js';
import { storeError } from './store-error.js';

/**
 * Makes this process the only one that serves the database at `path`, until it ends, however it ends: an exclusive
 * transaction, held open on a file beside it. The operating system drops that lock with the process, so that nothing is
 * left behind by `kill -9`; the database itself stays open to commands.
 * @returns gives it back. @throws StoreError `store_locked` where another process serves it.
 */
export function takeOwnership(path: string): () => void {
  const lockPath = `${path}.lock`;
  const lock = openLock(lockPath);
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const reason = storeError(lockPath, error);
    if (reason.code !== 'store_locked') throw reason;
    throw new StoreError(
      'store_locked',
      `${path} is served by another running shim: stop that one first, or give this one a store.url of its own`,
      { cause: error },
    );
  }
  return () => lock.close();
}

function openLock(lockPath: string) {
  try {
    return new Database(lockPath, { readOnly: false });
  } catch (error) {
    throw storeError(lockPath, error);
  }
}
