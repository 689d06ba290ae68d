import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import { type Databases, holdLocks, runSql, startDatabases } from '../../support/postgres.js';
import {
  accept,
  claim,
  dead,
  delivered,
  event,
  file,
  HOUR,
  ids,
  only,
  putOne,
  quarantined,
  T0,
} from '../samples.js';

const DAY = 24 * HOUR;

let server: Databases;
beforeAll(async () => {
  server = await startDatabases();
});
afterAll(() => server.dispose());

async function opened(): Promise<{ readonly store: Store; readonly url: string }> {
  const url = await server.createDatabase();
  const store = await openStore(url, { mode: 'own' });
  onTestFinished(() => store.close());
  return { store, url };
}

const partitions = async (url: string, table = 'webhooks'): Promise<readonly string[]> => {
  const rows = await runSql<{ name: string }>(
    url,
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '^${table}_2' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
};

async function pruneAll(store: Store, before: number): Promise<number> {
  let removed = 0;
  for (let after: number | null = 0; after !== null; ) {
    const step: Awaited<ReturnType<Store['prune']>> = await store.prune({ before, after, limit: 10 });
    removed += step.removed;
    after = step.next;
  }
  return removed;
}

async function acceptAndDeliver(store: Store, now: number) {
  const saved = await accept(store, [event()], { now });
  for (const claimed of await claim(store, now)) await store.settle([delivered(claimed)]);
  return saved;
}

/** How many the server has read so far, for connections that have ended. */
async function tuplesRead(url: string): Promise<number> {
  const rows = await runSql<{ count: string }>(
    url,
    'SELECT tup_returned + tup_fetched AS count FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(only(rows).count);
}

it('makes the partition of each day that is needed, and two days ahead', async () => {
  const { store, url } = await opened();
  await putOne(store, { receivedAt: T0 });
  // Those ahead are made when there is time.
  await expect
    .poll(() => partitions(url), { timeout: 180_000 })
    .toEqual(['webhooks_20260102', 'webhooks_20260103', 'webhooks_20260104']);
  await store.close();
  const again = await openStore(url, { mode: 'own' });
  const old = await putOne(again, { receivedAt: T0 - 400 * DAY });
  expect(await again.getWebhook(old)).toMatchObject({ receivedAt: T0 - 400 * DAY });
  await again.close();
});

it('makes a day once where many need it at the same moment', async () => {
  const { store, url } = await opened();
  const other = await openStore(url, { mode: 'own' });
  const stored = await Promise.all(
    Array.from({ length: 12 }, (_, index) => putOne(index % 2 === 0 ? store : other)),
  );
  expect(new Set(stored).size).toBe(12);
  await other.close();
});

it('drops days that are wholly old and over, with all that was made of them', async () => {
  const { store, url } = await opened();
  for (const day of [0, 0, 1, 2]) await acceptAndDeliver(store, T0 + day * DAY);
  const discarded = await putOne(store, { receivedAt: T0 });
  await store.saveConversions([quarantined(discarded)], T0);
  await store.discardQuarantined([discarded], 'a test', T0);
  expect(await pruneAll(store, T0 + 2 * DAY)).toBe(4);
  for (const table of ['webhooks', 'events', 'deliveries', 'attempts', 'sightings']) {
    expect((await partitions(url, table))[0]).toBe(`${table}_20260104`);
  }
  expect(await store.listEvents({ limit: 10 })).toHaveLength(1);
  expect(await runSql(url, 'SELECT webhook_id FROM quarantine')).toEqual([]);
  expect(await pruneAll(store, T0 + 2 * DAY)).toBe(0);
  // What arrives for a day that is gone makes it anew.
  expect(await store.getWebhook(await putOne(store, { receivedAt: T0 }))).not.toBeNull();
});

it('reads no more where very many webhooks are in a day, whether the day goes or only some of it', async () => {
  const many = 50_000;
  const { store, url } = await opened();
  await putOne(store, { receivedAt: T0 });
  await runSql(
    url,
    `DELETE FROM inbox;
     INSERT INTO webhooks SELECT id + n, source, format, received_at + n, secret_index, signature, body
       FROM webhooks, generate_series(1, ${many}) n`,
  );
  for (const [before, removed] of [
    [T0 + 30, 30],
    [T0 + 2 * DAY, many + 1 - 30],
  ] as const) {
    const earlier = await tuplesRead(url);
    const pruning = await openStore(url, { mode: 'own', connections: 1 });
    expect(await pruneAll(pruning, before)).toBe(removed);
    // Each connection reports what it has read when it ends.
    await pruning.close();
    expect((await tuplesRead(url)) - earlier).toBeLessThan(many);
  }
  expect(await partitions(url)).not.toContain('webhooks_20260102');
});

it('keeps a day with a dead letter that came late', async () => {
  const { store, url } = await opened();
  await acceptAndDeliver(store, T0 + 2 * DAY);
  const { webhookId } = await accept(store, [event()]);
  const late = T0 + 3 * DAY;
  for (const claimed of await claim(store, late)) {
    await store.settle([dead(claimed, 'used up', { startedAt: late, duration: 0 })]);
  }
  expect(await pruneAll(store, late)).toBe(1);
  expect(await store.getWebhook(webhookId)).not.toBeNull();
  expect(await partitions(url)).toContain('webhooks_20260102');
  expect(await pruneAll(store, late + 1)).toBe(1);
  expect(await partitions(url)).not.toContain('webhooks_20260102');
});

it('keeps what is young, its dead letters as well, where the clock of an instance is weeks ahead', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { store } = await opened();
  const now = Date.now();
  await accept(store, [event()], { now });
  for (const claimed of await claim(store, now))
    await store.settle([dead(claimed, 'used up', { startedAt: now, duration: 0 })]);
  vi.setSystemTime(now + 40 * DAY);
  const before = Date.now() - 30 * DAY;
  expect((await store.prune({ before, after: 0, limit: 10, dryRun: true })).removed).toBe(0);
  expect(await pruneAll(store, before)).toBe(0);
  expect(await store.listDeliveries({ limit: 10, status: 'dead' })).toHaveLength(1);
  vi.setSystemTime(now);
  expect(await pruneAll(store, now + DAY)).toBe(1);
});

it('looks at no other delivery of a day for its dead letters', async () => {
  const { store, url } = await opened();
  await accept(store, [event()]);
  for (const claimed of await claim(store)) await store.settle([dead(claimed)]);
  await runSql(
    url,
    `INSERT INTO deliveries (id, event_id, destination, mode, share, state, created_at, replayed)
       SELECT d.id + n, d.event_id + n, d.destination, d.mode, d.share, 'delivered', d.created_at, false
         FROM deliveries d, generate_series(1, 50000) n;
     ANALYZE deliveries;`,
  );
  const readBefore = await tuplesRead(url);
  const pruning = await openStore(url, { mode: 'own', connections: 1 });
  expect(await pruneAll(pruning, T0 + 9 * DAY)).toBe(1);
  await pruning.close();
  expect((await tuplesRead(url)) - readBefore).toBeLessThan(50_000);
});

it('removes row by row where something of the day is still open', async () => {
  const { store, url } = await opened();
  const open = [
    (await accept(store, [event({ destinations: ['paused'] })])).webhookId,
    await putOne(store),
    await putOne(store),
  ];
  await store.saveConversions([quarantined(open[2] ?? 0)], T0);
  for (let index = 0; index < 25; index++) await acceptAndDeliver(store, T0);
  await acceptAndDeliver(store, T0 + DAY);
  expect(await pruneAll(store, T0 + 3 * DAY)).toBe(26);
  expect(await partitions(url)).toContain('webhooks_20260102');
  expect(await partitions(url)).not.toContain('webhooks_20260103');
  for (const id of open) expect(await store.getWebhook(id)).not.toBeNull();
  expect(await claim(store, T0 + 3 * DAY, 'paused')).toHaveLength(1);
});

it('leaves a day for the next time where others are busy with the tables, and holds nobody up', async () => {
  const { store, url } = await opened();
  await acceptAndDeliver(store, T0);
  const busy = await holdLocks(url, 'SELECT count(*) FROM webhooks');
  const pruning = pruneAll(store, T0 + 2 * DAY);
  await putOne(store, { receivedAt: T0 + 3 * DAY });
  expect(await pruning).toBe(0);
  await busy.release();
  expect(await pruneAll(store, T0 + 2 * DAY)).toBe(1);
});

it('finishes what an interrupted run has taken out', async () => {
  const { store, url } = await opened();
  await acceptAndDeliver(store, T0);
  await runSql(url, 'ALTER TABLE webhooks DETACH PARTITION webhooks_20260102');
  // Somebody needs the day before that.
  const other = await openStore(url, { mode: 'own' });
  const id = await putOne(other, { receivedAt: T0 });
  expect(await other.getWebhook(id)).not.toBeNull();
  await other.close();
  await runSql(url, 'ALTER TABLE attempts DETACH PARTITION attempts_20260102');
  await pruneAll(store, T0);
  expect(await partitions(url, 'attempts')).not.toContain('attempts_20260102');
});

it('keeps the ledger in the order in which files were seen, whatever the day of their webhook', async () => {
  const { store } = await opened();
  const late = await putOne(store, { receivedAt: T0 });
  await store.saveConversions([quarantined(late)], T0);
  const first = only((await accept(store, [event({ files: [file('a')] })], { now: T0 + DAY })).events);
  const second = only(
    only(
      await store.saveConversions(
        [
          {
            outcome: 'converted',
            webhookId: late,
            events: [event({ files: [file('b')] })],
            duplicatesSince: null,
          },
        ],
        T0 + 2 * DAY,
      ),
    ).events,
  );
  const rows = await store.listSightings({ limit: 10 });
  expect(rows.map(({ eventId }) => eventId)).toEqual([second.id, first.id]);
  expect(ids(rows)).toEqual(ids(rows).toSorted((one, other) => other - one));
});

it('is done once where two instances remove what is old', async () => {
  const { store, url } = await opened();
  const other = await openStore(url, { mode: 'own' });
  for (const day of [0, 1, 2]) await acceptAndDeliver(store, T0 + day * DAY);
  const removed = await Promise.all([store, other].map((each) => pruneAll(each, T0 + 5 * DAY)));
  await other.close();
  // What one was busy with the other left: then the next run removes it.
  const left = await pruneAll(store, T0 + 5 * DAY);
  expect((removed[0] ?? 0) + (removed[1] ?? 0) + left).toBe(3);
  expect(await partitions(url, 'events')).not.toContain('events_20260102');
});
