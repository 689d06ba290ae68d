import pg from 'pg';
import { StoreError } from '../../errors.js';
import { endClient } from './end-client.js';
import { LOCK, lockNumbers } from './locks.js';
import { type Address, addressText, storeError } from './store-error.js';

/** Held for as long as a copy runs, by a connection of its own: the server gives it back when that ends, however it ends. */
export interface CopyLock {
  /** @throws StoreError where it was lost */
  check(): void;
  release(): Promise<void>;
}

/** @throws StoreError where another copy holds it */
export async function lockCopy(url: string, address: Address): Promise<CopyLock> {
  let lost: unknown;
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    fallback_application_name: 'webhook-shim copy',
  });
  client.on('error', (error) => {
    lost = error;
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ taken: boolean }>(
      `SELECT pg_try_advisory_lock(${lockNumbers(LOCK.copy)}) AS taken`,
    );
    if (rows[0]?.taken !== true) {
      throw new StoreError(
        'store_locked',
        `${addressText(address)}: another copy into this database is under way: wait for it, or end it`,
      );
    }
  } catch (error) {
    await endClient(client);
    throw storeError(address, error);
  }
  return {
    check: () => {
      if (lost !== undefined) throw storeError(address, lost);
    },
    release: () => endClient(client),
  };
}
