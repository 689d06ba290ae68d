import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** Longer than a goodbye takes. */
const PATIENCE = 500;

/** Where a TLS handshake has failed the driver may wait for the end of the connection for ever: here nobody does. */
export const endClient = (client: pg.Client): Promise<void> =>
  Promise.race([client.end().catch(() => undefined), sleep(PATIENCE)]);
