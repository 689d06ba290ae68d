import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { eventually } from '../../support/handler.js';
import { type Databases, runSql, startDatabases } from '../../support/postgres.js';
import { accept, claim, claimWebhooks, delivered, event, only, T0 } from '../samples.js';

const MANY = 50_000;

let server: Databases;
beforeAll(async () => {
  server = await startDatabases();
});
afterAll(() => server.dispose());

/** As many more rows like the one that is there. */
async function multiply(url: string): Promise<void> {
  await runSql(
    url,
    `INSERT INTO outbox (delivery_id, event_id, webhook_id, destination, mode, share, whole, size, created_at, number, due_at)
     SELECT delivery_id + n, event_id, webhook_id, destination, mode, share, whole, size, created_at, number + n, due_at
       FROM outbox, generate_series(1, ${MANY}) n;
     INSERT INTO deliveries (id, event_id, destination, mode, share, created_at, replayed)
     SELECT id + n, event_id, destination, mode, share, created_at, replayed FROM deliveries, generate_series(1, ${MANY}) n;
     INSERT INTO inbox (webhook_id, source, format, received_at, size)
     SELECT id + n, source, format, received_at, 10 FROM webhooks, generate_series(1, ${MANY}) n`,
  );
}

/** Rows that PostgreSQL has read of each table. Each connection reports them when it ends. */
async function rowsRead(url: string): Promise<number> {
  const rows = await runSql<{ count: string }>(
    url,
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS count FROM pg_stat_user_tables`,
  );
  return Number(only(rows).count);
}

it.each([
  ['nothing is known of the tables', ''],
  ['the statistics are fresh', 'ANALYZE'],
])('reads no more for a claim and its outcome where very many wait: %s', async (_, analyze) => {
  const url = await server.createDatabase();
  const first = await openStore(url, { mode: 'own' });
  await accept(first, [event()]);
  await first.close();
  await multiply(url);
  if (analyze !== '') await runSql(url, analyze);
  const before = await rowsRead(url);
  const store = await openStore(url, { mode: 'own', connections: 1 });
  for (let round = 0; round < 12; round++) {
    await claimWebhooks(store, T0, 10);
    const claimed = await claim(store, T0 + round, 'billing', 10);
    expect(claimed).toHaveLength(10);
    expect(await store.settle(claimed.map((one) => delivered(one)))).not.toContain(false);
    await store.releaseExpired(T0);
    await store.waiting(100);
  }
  await store.close();
  // For each round: some tens of rows, and the hundred of each count.
  expect((await rowsRead(url)) - before).toBeLessThan(12 * 1_500);
});

it('reads no more for a claim by lines where very many wait in them', async () => {
  const url = await server.createDatabase();
  const first = await openStore(url, { mode: 'own' });
  await first.setOrder('billing', 'file');
  await accept(first, [event()]);
  const [unkeyed] = await first.listUnkeyed({ destination: 'billing', limit: 1 });
  const deliveries = [{ deliveryId: unkeyed?.id ?? 0, keys: ['line'] }];
  await first.keyDeliveries({ destination: 'billing', by: 'file', deliveries });
  await first.close();
  await multiply(url);
  // A hundred lines, five hundred in each; as many deliveries that ended in another.
  await runSql(
    url,
    `DELETE FROM inbox;
     INSERT INTO delivery_keys
     SELECT destination, 'line ' || n % 100, position + n, delivery_id + n FROM delivery_keys, generate_series(1, ${MANY}) n
      WHERE order_key = 'line';
     UPDATE outbox SET lined = true`,
  );
  const before = await rowsRead(url);
  const store = await openStore(url, { mode: 'own', connections: 1 });
  for (let round = 0; round < 12; round++) {
    const claimed = await claim(store, T0 + round, 'billing', 10);
    expect(claimed).toHaveLength(10);
    await store.settle(claimed.map((one) => delivered(one)));
    await store.listUnkeyed({ destination: 'billing', limit: 64 });
  }
  await store.close();
  expect((await rowsRead(url)) - before).toBeLessThan(12 * 1_500);
});

it('gives as many of those that wait for their keys as fit into memory, at least one', async () => {
  const store = await openStore(await server.createDatabase(), { mode: 'own' });
  await store.setOrder('billing', 'file');
  const large = 'x'.repeat(9_000_000);
  for (let i = 0; i < 4; i++) await accept(store, [event({ body: large })], { webhook: { body: large } });
  const listed = await store.listUnkeyed({ destination: 'billing', limit: 64 });
  // The first takes all there is for one look, the bodies of its webhook and of its event.
  expect(listed.map(({ body, webhook }) => [body === large, webhook.body === large])).toEqual([[true, true]]);
  await store.close();
});

it.each([
  ['where nothing orders them', null],
  ['by lines', 'file'],
] as const)('claims as many as fit into memory, and the rest later: %s', async (_, by) => {
  const store = await openStore(await server.createDatabase(), { mode: 'own' });
  await store.setOrder('billing', by);
  const body = 'x'.repeat(2 * 1024 * 1024);
  for (let i = 0; i < 10; i++) await accept(store, [event()], { now: T0 + i, webhook: { body } });
  if (by !== null) {
    const waiting = (await store.listDeliveries({ limit: 10 })).map(({ id }) => id);
    const deliveries = waiting.map((deliveryId) => ({ deliveryId, keys: [`line ${deliveryId}`] }));
    await store.keyDeliveries({ destination: 'billing', by, deliveries });
  }
  const claims = [await claim(store, T0 + 20), await claim(store, T0 + 20), await claim(store, T0 + 20)];
  expect(claims.map(({ length }) => length)).toEqual([8, 2, 0]);
  await store.close();
});

it.each([
  ['a pause', `paused_at = ${T0}, pause_reason = 'operator'`],
  ['a breaker that opens', `open_until = ${T0 + 1}, open_reason = 'failures'`],
])('claims nothing where %s came between its look and its turn', async (_, held) => {
  const url = await server.createDatabase();
  const store = await openStore(url, { mode: 'own' });
  await store.setOrder('billing', 'file');
  const { events } = await accept(store, [event()]);
  const [waiting] = await store.listUnkeyed({ destination: 'billing', limit: 1 });
  const deliveries = [{ deliveryId: waiting?.id ?? 0, keys: ['line'] }];
  await store.keyDeliveries({ destination: 'billing', by: 'file', deliveries });
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query(`BEGIN; UPDATE destinations SET ${held} WHERE name = 'billing'`);
  const claimed = claim(store, T0);
  await eventually(async () => {
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    expect(await runSql(url, waits)).toHaveLength(1);
  });
  await other.query('COMMIT');
  await other.end();
  expect(await claimed).toEqual([]);
  expect((await store.getEvent(only(events).id))?.deliveryRows).toMatchObject([{ status: 'pending' }]);
  await store.close();
});
