import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { migrateStore, openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import { runSql, type Server, startPostgres } from '../../support/postgres.js';
import { accept, claim, delivered, HOUR, only, putOne, T0 } from '../samples.js';

const DAY = 24 * HOUR;

let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

/** What docs/postgresql.md says that a service needs which may make no tables. */
const RIGHTS = `
  GRANT USAGE ON SCHEMA public TO shim_service;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shim_service;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shim_service;`;

/** Opened by a user that may write rows and nothing else. @param days that there are partitions for, after today */
async function withoutTables(days: number): Promise<{ readonly store: Store; readonly url: string }> {
  const url = await server.createDatabase();
  await migrateStore(url, { now: T0, days });
  await runSql(
    url,
    `DO $$ BEGIN CREATE ROLE shim_service LOGIN PASSWORD 'service'; EXCEPTION WHEN duplicate_object THEN END $$; ${RIGHTS}`,
  );
  const service = new URL(url);
  service.username = 'shim_service';
  service.password = 'service';
  const store = await openStore(service.href, { mode: 'own', migrate: false });
  onTestFinished(() => store.close());
  return { store, url };
}

it('serves as a user that may make no tables, where the partitions are there', async () => {
  const { store } = await withoutTables(1);
  for (const now of [T0, T0 + DAY]) {
    await accept(store, undefined, { now });
    expect(await store.settle([delivered(only(await claim(store, now)))])).toEqual([true]);
  }
  expect(await store.listEvents({ limit: 10 })).toHaveLength(2);
});

it('tells such a user what to do once they run out, and goes on once they are there', async () => {
  const { store, url } = await withoutTables(0);
  await putOne(store);
  await store.ping(T0);
  const refused = {
    code: 'store_unwritable',
    message: expect.stringMatching(/no partitions for 2026-01-03.* run "webhook-shim migrate --days 30"/),
  };
  await expect(putOne(store, { receivedAt: T0 + DAY })).rejects.toMatchObject(refused);
  await expect(store.ping(T0 + DAY)).rejects.toMatchObject(refused);
  await migrateStore(url, { now: T0, days: 1 });
  await putOne(store, { receivedAt: T0 + DAY });
  await store.ping(T0 + DAY);
});

it('says in a check of the store that it may write no webhook', async () => {
  const { store, url } = await withoutTables(0);
  await runSql(url, 'REVOKE INSERT ON webhooks FROM shim_service');
  await expect(store.ping(T0)).rejects.toThrow(/the user "shim_service" lacks a right .*webhooks/);
  await runSql(url, RIGHTS);
  await store.ping(T0);
});

it('tries once a day for the days ahead, and not with each batch', async () => {
  const { store, url } = await withoutTables(0);
  const refusals = async (): Promise<number> => {
    const [row] = await runSql<{ count: string }>(
      url,
      'SELECT xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()',
    );
    return Number(row?.count);
  };
  await putOne(store);
  await expect.poll(refusals, { timeout: 180_000 }).toBeGreaterThan(0);
  const before = await refusals();
  for (let round = 0; round < 20; round++) await putOne(store);
  await store.close();
  expect(await refusals()).toBeLessThanOrEqual(before + 1);
});
