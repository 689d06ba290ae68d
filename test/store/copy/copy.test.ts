import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OnProgress } from '../../../src/store/copy/copy.js';
import { copyBetween } from '../../../src/store/copy/open.js';
import { openStore } from '../../../src/store/open.js';
import { schema1 } from '../../../src/store/postgres/schema-1.js';
import type { Store } from '../../../src/store/store.js';
import { type Databases, holdLocks, runSql, startDatabases } from '../../support/postgres.js';
import { tempFolder } from '../../support/temp-folder.js';
import {
  accept,
  claim,
  claimWebhooks,
  converted,
  delivered,
  event,
  HOUR,
  only,
  putOne,
  retry,
  T0,
  webhooks,
} from '../samples.js';
import { FILE, fillInstallation, installation, MESSAGE, URL } from './installation.js';

let server: Databases;
beforeAll(async () => {
  server = await startDatabases();
});
afterAll(() => server.dispose());

interface Place {
  readonly cwd: string;
  readonly to: string;
  copy(onProgress?: OnProgress): ReturnType<typeof copyBetween>;
  /** A service on the target. */
  serve(): Promise<Store>;
}

async function place(fill: (cwd: string) => Promise<void> = installation): Promise<Place> {
  const cwd = tempFolder();
  const to = await server.createDatabase();
  await fill(cwd);
  return {
    cwd,
    to,
    copy: (onProgress = () => {}) => copyBetween({ from: URL, to }, { cwd, onProgress }),
    serve: async () => {
      const store = await openStore(to, { mode: 'own' });
      onTestFinished(() => store.close());
      return store;
    },
  };
}

async function source<T>(cwd: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(URL, { mode: 'own', cwd });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

const MINUTE = 60_000;
const rowsOf = ({ tables }: Awaited<ReturnType<Place['copy']>>) =>
  Object.fromEntries(tables.map(({ table, target }) => [table, target.rows]));

describe('a copy', () => {
  it('holds all that was there, and says so', async () => {
    const { copy } = await place();
    const report = await copy();
    expect(report.complete).toBe(true);
    expect(report.tables.every(({ same }) => same)).toBe(true);
    expect(rowsOf(report)).toMatchObject({
      webhooks: 13,
      events: 10,
      sightings: 10,
      deliveries: 10,
      attempts: 5,
      inbox: 1,
      quarantine: 2,
      outbox: 6,
      destinations: 3,
      unkeyed_deliveries: 1,
      refused: 2,
      refused_counts: 1,
      last_seen: 2,
      extractions_seen: 1,
      fields_seen: 1,
    });
  });

  it('goes on as the source would have: with the same webhook-ids, attempts and times', async () => {
    const { copy, serve } = await place();
    await copy();
    const store = await serve();
    expect(await claim(store, T0, 'later')).toEqual([]);
    expect(only(await claim(store, T0 + HOUR, 'later'))).toMatchObject({
      messageId: MESSAGE.retried,
      attempts: 1,
      webhook: { source: 'extracta', body: '{"result":"[]"}' },
    });
    // What was being sent is sent again: at least once.
    expect(only(await claim(store, T0, 'busy'))).toMatchObject({ messageId: MESSAGE.sending, fence: 2 });
    const fresh = only(await claim(store, T0 + 1));
    expect(await store.settle([delivered(fresh)])).toEqual([true]);
    expect(await store.getEvent(MESSAGE.yesterday)).toMatchObject({
      body: '{"a":"\u0000\u0010"}',
      deliveryRows: [{ status: 'delivered', lastStatus: 200 }],
    });
    expect(await store.listDeliveries({ limit: 10, status: 'dead' })).toHaveLength(2);
    expect(await store.listDeliveries({ limit: 10, status: 'missed' })).toMatchObject([
      { mode: 'shadow', share: 12.5 },
    ]);
  });

  it('knows the duplicates of what came before, and what to number next', async () => {
    const { copy, serve } = await place();
    await copy();
    const store = await serve();
    const repeated = await accept(store, [event({ files: [FILE] })], {
      now: T0 + HOUR / 2,
      since: T0 - 25 * HOUR,
    });
    const before = await store.getEvent(MESSAGE.yesterday);
    expect(only(repeated.events)).toMatchObject({ duplicateOf: before?.id, deliveries: 0 });
    expect(repeated.webhookId % 100_000_000_000).toBe(14);
  });

  it('keeps what waits for conversion and for a person', async () => {
    const { copy, serve } = await place();
    await copy();
    const store = await serve();
    expect((await claimWebhooks(store)).map(({ body }) => body.length)).toEqual([20_013]);
    const held = only(await store.listQuarantine({ limit: 10 }));
    expect(held).toMatchObject({
      reason: 'schema_violation',
      errors: ['/result/0/status: must be a string'],
    });
    const [saved] = await store.saveConversions([converted(held.id)], T0);
    expect(saved?.applied).toBe(true);
    expect(await claim(store)).toHaveLength(2);
    expect(await store.waiting(10)).toMatchObject({ quarantined: [] });
  });

  it('keeps destinations held and in order, and which dead letter was in the way', async () => {
    const { cwd, copy, serve } = await place();
    await copy();
    const heads = async (store: Store) => ({
      states: await store.destinationStates(),
      unkeyed: (await store.listUnkeyed({ destination: 'lines', limit: 10 })).length,
      heads: (await claim(store, T0 + MINUTE, 'lines')).map(({ messageId, afterDead }) => [
        messageId,
        afterDead !== null,
      ]),
    });
    const store = await serve();
    const found = await heads(store);
    expect(found).toEqual(await source(cwd, heads));
    expect(found.heads.map(([, afterDead]) => afterDead)).toEqual([true, false]);
    expect(await store.setOrder('lines', 'file')).toBe(false);
    const [first] = await store.listDeliveries({ limit: 1, status: 'dead', destination: 'lines' });
    const passed = await store.listDeliveries({ limit: 10, status: 'sending', destination: 'lines' });
    expect(passed.map(({ afterDead }) => afterDead)).toContain(first?.id);
  });

  it('tells the same of parity, fields, senders and what was refused', async () => {
    const { cwd, copy, serve } = await place();
    await copy();
    const facts = async (store: Store) => ({
      seen: (await store.listSightings({ limit: 100 })).map(({ id: _, eventId: _event, ...rest }) => rest),
      senders: await store.lastSeen(),
      refused: await store.refusedCounts(),
      samples: await Promise.all(
        (await store.listRefused({ limit: 10 })).map(({ id }) => store.getRefused(id)),
      ),
      fields: (await store.listFields({ limit: 10 })).map(({ id: _, ...rest }) => rest),
    });
    expect(await facts(await serve())).toEqual(await source(cwd, facts));
  });
});

describe('a copy of a service that goes on', () => {
  it('takes what changed since with a second run, once the service was stopped', async () => {
    const { cwd, copy, serve } = await place(async () => {});
    const before = await source(cwd, async (store) => {
      await fillInstallation(store);
      const first = await copy();
      expect(first).toMatchObject({ served: true, complete: false });
      expect(first.tables.every(({ same }) => same)).toBe(true);
      await expect(serve()).rejects.toThrow(/has not come to its end: stop the service on sqlite:/);

      // One more attempt, a delivery, a conversion, a webhook, and one that is over.
      await store.settle([retry(only(await claim(store, T0 + HOUR, 'later')), T0 + 2 * HOUR)]);
      await store.settle([delivered(only(await claim(store, T0 + 1)))]);
      const [waiting] = await claimWebhooks(store, T0 + HOUR);
      await store.saveConversions([converted(waiting?.id ?? 0)], T0 + HOUR);
      await putOne(store, { receivedAt: T0 + HOUR });
      return store.listDeliveries({ limit: 100 });
    });
    const second = await copy();
    expect(second).toMatchObject({ served: false, complete: true });
    const store = await serve();
    const after = await store.listDeliveries({ limit: 100 });
    expect(after.map(({ destination, status, attempts }) => [destination, status, attempts])).toEqual(
      before.map(({ destination, status, attempts }) => [
        destination,
        status === 'sending' ? 'pending' : status,
        attempts,
      ]),
    );
    const later = only(await claim(store, T0 + 2 * HOUR, 'later'));
    expect(await store.getDelivery(later.id)).toMatchObject({ attempts: 2, attemptRows: [{}, {}] });
  });

  it('follows what is discarded meanwhile, though it was over', async () => {
    const { cwd, copy, serve } = await place();
    await copy();
    const request = { destination: 'dead', reason: 'switched off', now: T0 + HOUR, limit: 10 };
    await source(cwd, (store) => store.discardBacklog(request));
    expect(await copy()).toMatchObject({ complete: true });
    expect(await (await serve()).listDeliveries({ limit: 10, destination: 'dead' })).toMatchObject([
      { status: 'discarded', reason: 'switched off', endedAt: T0 + HOUR },
    ]);
  });

  it('follows what retention removes meanwhile', async () => {
    const { cwd, copy, serve } = await place();
    await copy();
    await source(cwd, (store) => store.prune({ before: T0 - HOUR, after: 0, limit: 100 }));
    const report = await copy();
    expect(report.complete).toBe(true);
    expect(rowsOf(report)).toMatchObject({
      webhooks: 12,
      events: 9,
      sightings: 9,
      deliveries: 9,
      attempts: 4,
    });
    expect(await (await serve()).getEvent(MESSAGE.yesterday)).toBeNull();
  });
});

/** Ends a copy after so many batches. */
const endAfter = (batches: number): OnProgress => {
  let seen = 0;
  return (what) => {
    if (what !== 'copied') return;
    seen += 1;
    if (seen > batches) throw new Error('interrupted');
  };
};

describe('a copy that was interrupted', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('goes on where it was: after batch %i', async (batches) => {
    const { cwd, copy, serve } = await place();
    await expect(copy(endAfter(batches))).rejects.toThrow('interrupted');
    await expect(serve()).rejects.toMatchObject({ code: 'store_unavailable' });
    await source(cwd, async (store) => {
      for (const claimed of await claim(store, T0 + MINUTE)) await store.settle([delivered(claimed)]);
    });
    expect(await copy()).toMatchObject({ complete: true });
    const store = await serve();
    expect(await claim(store, T0 + MINUTE)).toEqual([]);
    expect(await claim(store, T0 + HOUR, 'later')).toHaveLength(1);
  });

  it('reads on, whatever the runtime collects meanwhile', async () => {
    const { copy } = await place((folder) =>
      source(folder, (store) => store.putWebhooks(webhooks(3_000)).then(() => undefined)),
    );
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('there is no way to collect garbage');
    expect(await copy(() => void collect())).toMatchObject({ complete: true });
  });

  it('copies no row twice that is over', async () => {
    const { to, copy } = await place(async (folder) => {
      await source(folder, async (store) => {
        for (let round = 0; round < 3; round++) {
          await store.putWebhooks(webhooks(400, { receivedAt: T0 + round }));
        }
      });
    });
    await expect(copy(endAfter(1))).rejects.toThrow('interrupted');
    const [first] = await runSql<{ through: string }>(
      to,
      `SELECT through FROM copy_progress WHERE name = 'webhooks'`,
    );
    expect(Number(first?.through)).toBe(1_000);
    await runSql(
      to,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.id % 100000000000 <= 1000 THEN RAISE EXCEPTION 'twice'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON webhooks FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    expect(await copy()).toMatchObject({ complete: true });
  });
});

describe('a copy once more', () => {
  it('changes nothing, until a service has begun', async () => {
    const { copy, serve } = await place();
    const first = await copy();
    expect(await copy()).toEqual(first);
    await (await serve()).close();
    await expect(copy()).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(/was served since, and has gone its own way: nothing was changed/),
    });
  });

  it('leaves a database of an older version to it, whose service would not start on it again', async () => {
    const { to, copy } = await place();
    await runSql(
      to,
      `CREATE TABLE schema_version (webhook_shim integer NOT NULL); ${schema1};
       INSERT INTO schema_version VALUES (1); INSERT INTO copy_state VALUES (1, 'served', NULL)`,
    );
    await expect(copy()).rejects.toMatchObject({
      code: 'store_older',
      message: expect.stringMatching(/older version \(schema 1, .* run "webhook-shim migrate"$/),
    });
    expect(await runSql(to, 'SELECT webhook_shim FROM schema_version')).toEqual([{ webhook_shim: 1 }]);
  });

  it('of another file is refused, and so is a database with data', async () => {
    const { to, copy } = await place();
    await copy();
    const other = await place();
    await expect(copyBetween({ from: URL, to }, { cwd: other.cwd, onProgress: () => {} })).rejects.toThrow(
      /holds a copy of sqlite:.*shim\.db: nothing was changed/,
    );
    await (await other.serve()).close();
    await expect(other.copy()).rejects.toThrow(/was served since/);
    await runSql(other.to, 'DELETE FROM copy_state');
    await runSql(other.to, `INSERT INTO last_seen VALUES ('a', 'new', 0, 0, 1, 1, 1)`);
    await expect(other.copy()).rejects.toThrow(/holds data that is no copy/);
  });

  it('at the same time is refused', async () => {
    const { to, copy } = await place();
    await copy();
    const lock = await holdLocks(to, 'LOCK TABLE webhooks');
    const first = copy();
    await lock.waitedFor(1);
    await expect(copy()).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringMatching(/another copy/),
    });
    await lock.release();
    expect((await first).complete).toBe(true);
  });
});

it.each([
  [`UPDATE webhooks SET body = replace(body, 'x', 'y')`, ['webhooks']],
  ['UPDATE sightings SET accepted = NOT accepted', ['sightings']],
  ['DELETE FROM attempts', ['attempts']],
  [`UPDATE events SET message_id = message_id || '!'`, ['events']],
  [`UPDATE deliveries SET state = 'delivered' WHERE state = 'dead'`, ['deliveries']],
])('finds what was altered: %s', async (sql, tables) => {
  const { to, copy, serve } = await place();
  await copy();
  await runSql(to, sql);
  const report = await copy();
  expect(report.complete).toBe(false);
  expect(report.tables.filter(({ same }) => !same).map(({ table }) => table)).toEqual(tables);
  await expect(serve()).rejects.toThrow(/has not come to its end/);
});
