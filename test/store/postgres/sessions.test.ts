import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrateStore, openStore, placeForStore } from '../../../src/store/open.js';
import { openPostgresTarget } from '../../../src/store/postgres/copy-target.js';
import { eventually } from '../../support/handler.js';
import { startPooler } from '../../support/pooler.js';
import { holdLocks, runSql, type Server, startPostgres } from '../../support/postgres.js';
import { accept, claim, claimWebhooks, delivered, only, putOne, T0 } from '../samples.js';

let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

it('refuses a pooler that keeps no sessions, and says what to do', async () => {
  const url = await startPooler(await server.createDatabase(), 'transaction');
  for (const open of [
    () => openStore(url, { mode: 'own' }),
    () => openStore(url, { mode: 'share' }),
    () => openStore(url, { mode: 'read' }),
    () => migrateStore(url, { now: T0, days: 1 }),
    () => placeForStore(url, {}),
    () => openPostgresTarget(url),
  ]) {
    const error = await open().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'StoreError',
      code: 'store_unavailable',
      message: expect.stringContaining(
        'a pooler in between keeps no sessions: set it to (PgBouncer: pool_mode',
      ),
    });
    expect(String(error)).not.toContain('a%20password');
  }
});

it('works by way of a pooler that keeps sessions', async () => {
  const url = await startPooler(await server.createDatabase(), 'session');
  const store = await openStore(url, { mode: 'own' });
  await accept(store);
  expect(await store.settle([delivered(only(await claim(store)))])).toEqual([true]);
  await store.close();
});

it('tells a sender soon where a pooler has no connection left, and goes on with those that it has', async () => {
  const direct = await server.createDatabase();
  const store = await openStore(await startPooler(direct, 'session', 2), { mode: 'own' });
  await putOne(store);
  // The days ahead are made over a connection too: until then there is one less for the claims.
  await eventually(async () => {
    expect(await runSql(direct, `SELECT 1 FROM pg_class WHERE relname ~ '^webhooks_2\\d+$'`)).toHaveLength(3);
    await Promise.all([store.ping(T0), store.ping(T0)]);
  });
  const lock = await holdLocks(direct, 'LOCK TABLE inbox');
  const busy = Promise.all([claimWebhooks(store), claimWebhooks(store)]);
  await lock.waitedFor(2);
  await expect(putOne(store)).rejects.toMatchObject({ name: 'StoreError', code: 'store_unavailable' });
  await lock.release();
  // Told long before those were given up that have the connections.
  expect((await busy).flat()).toHaveLength(1);
  await putOne(store);
  await store.close();
});
