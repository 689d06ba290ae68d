import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import type { Hint } from '../../../src/store/rows.js';
import type { Store } from '../../../src/store/store.js';
import { eventually } from '../../support/handler.js';
import { holdLocks, runSql, type Server, startPostgres } from '../../support/postgres.js';
import { accept, claim, claimWebhooks, converted, delivered, only, putOne, T0 } from '../samples.js';

let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

async function opened(url: string): Promise<Store> {
  return closedAfterwards(await openStore(url, { mode: 'own' }));
}

function closedAfterwards(store: Store): Store {
  onTestFinished(() => store.close());
  return store;
}

/** Passes on what comes, until it holds its tongue: the connections stay, and nothing comes through. */
async function startWire(to: string) {
  const { port, hostname } = new URL(to);
  const sockets = new Set<Socket>();
  let silent = false;
  const wire = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => silent || into.write(data));
      from.on('error', () => into.destroy()).on('close', () => into.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(wire, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    wire.close();
  });
  const address = wire.address();
  const target = new URL(to);
  target.port = String(typeof address === 'object' ? address?.port : 0);
  return {
    url: target.href,
    beSilent: (on: boolean): void => {
      silent = on;
    },
  };
}

describe('a server that goes away', () => {
  it('is said by every verb at once, and the store goes on when it is back', async () => {
    const store = await opened(await server.createDatabase());
    const listener = await opened(await server.createDatabase());
    const { webhookId } = await accept(store);
    const claimed = only(await claim(store));
    const waiting = await putOne(store);
    await server.stop();
    const asked = await Promise.allSettled([
      putOne(store),
      claimWebhooks(store),
      store.saveConversions([converted(waiting)], T0),
      claim(store),
      store.settle([delivered(claimed)]),
      store.releaseExpired(T0),
      store.listEvents({ limit: 1 }),
      store.getWebhook(webhookId),
      store.prune({ before: T0, after: 0, limit: 1 }),
      store.ping(T0),
      listener.ping(T0),
    ]);
    for (const result of asked) {
      expect(result).toMatchObject({ reason: { name: 'StoreError', code: 'store_unavailable' } });
    }
    await server.start();
    await store.ping(T0);
    expect(await store.settle([delivered(claimed)])).toEqual([true]);
    expect(only(await claimWebhooks(store)).id).toBe(waiting);
    expect(only(await store.saveConversions([converted(waiting)], T0)).applied).toBe(true);
  });

  it('is listened to again for hints', async () => {
    const url = await server.createDatabase();
    const [store, other] = [await opened(url), await opened(url)];
    let hear: (hint: Hint) => void = () => {};
    other.onHint((hint) => hear(hint));
    const heard = async (): Promise<Hint> => {
      const hint = new Promise<Hint>((resolve) => {
        hear = resolve;
      });
      const timer = setInterval(() => void putOne(store).catch(() => undefined), 50);
      return hint.finally(() => clearInterval(timer));
    };
    expect(await heard()).toBe('webhooks');
    await server.stop();
    await server.start();
    expect(await heard()).toBe('webhooks');
  });

  it('that says nothing any more is given up in a few seconds, so that a sender is told', async () => {
    const wire = await startWire(await server.createDatabase());
    const store = await opened(wire.url);
    await putOne(store);
    wire.beSilent(true);
    const begun = performance.now();
    const asked = await Promise.allSettled([putOne(store), putOne(store), store.ping(T0)]);
    for (const result of asked) expect(result).toMatchObject({ reason: { code: 'store_unavailable' } });
    expect(performance.now() - begun).toBeLessThan(10_000);
    wire.beSilent(false);
    await putOne(store);
    wire.beSilent(true);
    const closing = performance.now();
    await store.close();
    expect(performance.now() - closing).toBeLessThan(8_000);
  });
});

it('leaves a server that takes no writes for the one that is there next, and never overrules it', async () => {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const store = await opened(url);
  const waiting = await putOne(store);
  const takeWrites = (on: boolean): Promise<unknown> =>
    runSql(admin.href, `ALTER DATABASE ${name} SET default_transaction_read_only = ${on ? 'off' : 'on'}`);
  await takeWrites(false);
  // As when the server fails over: what comes next are new connections.
  await runSql(
    admin.href,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
  );
  const refused = { name: 'StoreError', code: 'store_unwritable', message: /takes no writes: .*standby/ };
  await eventually(() => expect(store.ping(T0)).rejects.toMatchObject({ code: refused.code }));
  const asked = await Promise.allSettled([putOne(store), putOne(store), claimWebhooks(store), claim(store)]);
  for (const result of asked.slice(0, 3)) {
    expect(result).toMatchObject({ reason: { name: refused.name, code: refused.code } });
    expect(String(Object(result).reason)).toMatch(refused.message);
  }
  await takeWrites(true);
  await store.ping(T0);
  expect(only(await claimWebhooks(store)).id).toBe(waiting);
});

it('says in a check of the store that there is no room for a webhook, also where there is for less', async () => {
  const url = await server.createDatabase();
  const store = await opened(url);
  await store.ping(T0);
  // As the server answers where its disk is full: what finds room in the pages that are there is written all the same.
  await runSql(
    url,
    `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
     CREATE TRIGGER full_disk BEFORE INSERT ON webhooks FOR EACH ROW EXECUTE FUNCTION full_disk()`,
  );
  const full = { name: 'StoreError', code: 'store_full', message: expect.stringContaining('disk is full') };
  await expect(putOne(store)).rejects.toMatchObject(full);
  await expect(store.ping(T0)).rejects.toMatchObject(full);
  await expect(store.ping(T0)).rejects.toMatchObject(full);
  const another = closedAfterwards(await openStore(url, { mode: 'share' }));
  await expect(another.ping(T0)).rejects.toMatchObject(full);
  await runSql(url, 'DROP TRIGGER full_disk ON webhooks');
  await store.ping(T0);
  await putOne(store);
  expect(await runSql(url, 'SELECT id FROM webhooks')).toHaveLength(1);
});

describe('a lock of another program', () => {
  it('is waited for no longer than a statement may take', async () => {
    const url = await server.createDatabase();
    // With all the time that it takes to make the tables and a day.
    await putOne(await opened(url));
    const store = closedAfterwards(await openStore(url, { mode: 'share', statementTimeout: 1_000 }));
    const lock = await holdLocks(url, 'LOCK TABLE inbox');
    await expect(claimWebhooks(store)).rejects.toThrow(/store\.statementTimeout/);
    await lock.release();
    expect(await claimWebhooks(store)).toHaveLength(1);
  });

  it('on webhooks alone is said to a sender and by a check of the store in a few seconds', async () => {
    const url = await server.createDatabase();
    const store = await opened(url);
    await store.ping(T0);
    const lock = await holdLocks(url, 'LOCK TABLE webhooks');
    for (const result of await Promise.allSettled([putOne(store), store.ping(T0)])) {
      const message = expect.stringMatching(/did not answer in time: .* holds locks/);
      expect(result).toMatchObject({ reason: { code: 'store_unavailable', message } });
    }
    await lock.release();
    await store.ping(T0);
  });

  it('that holds up what goes on behind the answers leaves room for webhooks, and for a check of the store', async () => {
    const url = await server.createDatabase();
    const store = closedAfterwards(await openStore(url, { mode: 'own', connections: 4 }));
    const lock = await holdLocks(url, 'LOCK TABLE outbox');
    const claims = Array.from({ length: 5 }, (_, at) => claim(store, T0, `handler-${at}`));
    const held = Promise.allSettled(claims);
    await lock.waitedFor(2);
    await putOne(store);
    await store.ping(T0);
    await expect(Promise.race(claims)).rejects.toThrow(/all of store\.connections are busy: .* holds locks/);
    await lock.release();
    await held;
    expect(await claimWebhooks(store)).toHaveLength(1);
  });

  it('that holds up checks of the store leaves room for webhooks', async () => {
    const url = await server.createDatabase();
    const store = closedAfterwards(await openStore(url, { mode: 'own', connections: 3 }));
    const lock = await holdLocks(url, 'LOCK TABLE health');
    const held = Promise.allSettled([1, 2, 3, 4].map(() => store.ping(T0)));
    await lock.waitedFor(2);
    await putOne(store);
    await lock.release();
    await held;
  });
});

it('goes on with the connections that it has where the server allows for fewer', async () => {
  const url = await server.createDatabase();
  const { pathname } = new URL(url);
  await runSql(url, `CREATE ROLE few LOGIN PASSWORD 'few'; ALTER DATABASE ${pathname.slice(1)} OWNER TO few`);
  const asFew = Object.assign(new URL(url), { username: 'few', password: 'few' }).href;
  const first = await openStore(asFew, { mode: 'own' });
  await putOne(first);
  await first.close();
  await runSql(url, 'ALTER ROLE few CONNECTION LIMIT 1');
  await eventually(async () =>
    expect(await runSql(url, `SELECT pid FROM pg_stat_activity WHERE usename = 'few'`)).toEqual([]),
  );
  const store = closedAfterwards(await openStore(asFew, { mode: 'share' }));
  await Promise.all([putOne(store), store.ping(T0), claimWebhooks(store), claim(store), putOne(store)]);
  expect(await runSql(url, 'SELECT id FROM webhooks')).toHaveLength(3);
});

it('keeps the rows that the server quotes in its errors out of its own', async () => {
  const url = await server.createDatabase();
  const store = await opened(url);
  await runSql(url, `ALTER TABLE inbox ADD CONSTRAINT odd CHECK (source <> 'odd source')`);
  const error = await putOne(store, { source: 'odd source' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'store_unavailable' });
  expect(JSON.stringify(error, [...Object.getOwnPropertyNames(error), 'cause', 'detail'])).not.toContain(
    'odd source',
  );
});
