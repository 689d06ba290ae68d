import pg from 'pg';
import { StoreError } from '../../errors.js';
import { endClient } from './end-client.js';
import { type Address, addressText, NO_SESSIONS, storeError } from './store-error.js';

const TIMEOUT = 5_000;
/** A pooler that is busy may give another connection by chance. */
const TRIES = 3;

/**
 * Refuses a pooler that gives each transaction whichever connection of the server is free: what a connection is set to
 * would be lost, or met by another client, prepared statements would be missing or there twice, and the lock of a copy
 * would be nobody's. None says so of itself; but each tells its clients process ids of its own making, and then one
 * client can be seen to get what another has just had.
 *
 * @throws StoreError
 */
export async function requireSessions(url: string, address: Address): Promise<void> {
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: TIMEOUT,
      query_timeout: TIMEOUT,
      fallback_application_name: 'webhook-shim',
    });
    // Whoever waits for an answer is told.
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
    return client;
  };
  try {
    const one = await connect();
    if ((await processOf(one)) === processAsTold(one)) return;
    const other = await connect();
    for (let tries = 0; tries < TRIES; tries++) {
      if (!(await areSessions(one, other))) {
        throw new StoreError('store_unavailable', `${addressText(address)}: ${NO_SESSIONS}`);
      }
    }
  } catch (error) {
    throw storeError(address, error);
  } finally {
    await Promise.all(clients.map(endClient));
  }
}

/** This one has the same all the time, also while the other is in a transaction, and that has something else. */
async function areSessions(one: pg.Client, other: pg.Client): Promise<boolean> {
  const before = await processOf(one);
  if ((await processOf(one)) !== before) return false;
  await other.query('BEGIN');
  try {
    // Where the other has it, there may be none left for this one.
    return (await processOf(other)) !== before && (await processOf(one)) === before;
  } finally {
    await other.query('ROLLBACK');
  }
}

async function processOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}

const processAsTold = (client: pg.Client): unknown => ('processID' in client ? client.processID : undefined);
