import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShimError } from '../../../src/errors.js';
import { openStore, placeForStore } from '../../../src/store/open.js';
import type { OpenMode } from '../../../src/store/opening.js';
import { runSql, type Server, startPostgres } from '../../support/postgres.js';
import { accept, claim, delivered, only, putOne, T0, webhook } from '../samples.js';

let server: Server;
beforeAll(async () => {
  server = await startPostgres({ rules: ['host all asked 127.0.0.1/32 scram-sha-256'] });
});
afterAll(() => server.dispose());

const open = (url: string, mode: OpenMode = 'own') => openStore(url, { mode });

async function failureOf(url: string, mode: OpenMode = 'own'): Promise<ShimError> {
  const error = await open(url, mode).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ShimError)) throw new Error(`a ShimError was expected, not ${String(error)}`);
  return error;
}

/** Makes a schema, with a webhook whose delivery is done. */
async function databaseWithData(): Promise<string> {
  const url = await server.createDatabase();
  const store = await open(url);
  await accept(store);
  await store.settle([delivered(only(await claim(store)))]);
  await store.close();
  return url;
}

const changed = (url: string, change: (url: URL) => unknown): string => {
  const next = new URL(url);
  change(next);
  return next.href;
};

describe('a database that cannot be used', () => {
  it.each<readonly [string, (url: URL) => unknown, RegExp]>([
    [
      'another password',
      (url) => Object.assign(url, { password: 'guessed' }),
      /password of the user "postgres" is refused/,
    ],
    ['another user', (url) => Object.assign(url, { username: 'nobody' }), /user "nobody" is refused/],
    [
      'a database that is not there',
      (url) => Object.assign(url, { pathname: '/gone' }),
      /no database "gone": create it/,
    ],
    [
      'a port where nobody listens',
      (url) => Object.assign(url, { port: '1' }),
      /127\.0\.0\.1:1\/shim_.*ECONNREFUSED/,
    ],
    ['TLS where there is none', (url) => Object.assign(url, { search: '?sslmode=verify-full' }), /SSL/],
  ])('is said, with what to do and without the password: %s', async (_, change, message) => {
    const url = changed(await server.createDatabase(), change);
    for (const mode of ['own', 'share', 'read'] as const) {
      const error = await failureOf(url, mode);
      expect(error).toMatchObject({ name: 'StoreError', code: 'store_unavailable' });
      expect(error.message).toMatch(message);
      expect(`${error.message} ${String(error.cause)}`).not.toMatch(/a%20password|guessed/);
    }
  });

  it.each([
    ['a certificate that is not there', '?sslrootcert=/gone/ca.pem', /cannot read \/gone\/ca\.pem/],
    ['a URL that is none', ':port/', /is no address of a PostgreSQL database.*%2F for \//],
  ])('is a fault of the configuration where the URL is wrong: %s', async (_, end, message) => {
    const error = await failureOf(`postgres://me:hush@127.0.0.1${end}`);
    expect(error.code).toBe('config_invalid');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('hush');
  });

  it('may ask for a password where none is given', async () => {
    const url = await server.createDatabase();
    await runSql(url, `CREATE ROLE asked LOGIN PASSWORD 'asked'`);
    const asked = changed(url, (next) => Object.assign(next, { username: 'asked', password: '' }));
    expect((await failureOf(asked)).message).toMatch(
      /asks for a password of the user "asked", and there is none: write it into store\.url, or set PGPASSWORD$/,
    );
  });

  it('may have been written by a newer version', async () => {
    const url = await databaseWithData();
    await runSql(url, 'UPDATE schema_version SET webhook_shim = 99');
    for (const mode of ['own', 'share', 'read'] as const) {
      expect((await failureOf(url, mode)).code).toBe('store_newer');
    }
  });

  it.each(['CREATE TABLE events (id text)', 'CREATE TABLE schema_version (version text)'])(
    'may be that of another program: %s',
    async (sql) => {
      const url = await server.createDatabase();
      await runSql(url, sql);
      const error = await failureOf(url);
      expect(error.code).toBe('store_corrupt');
      expect(error.message).toContain('of another program');
      // In a schema of its own there is room for both.
      const beside = changed(url, (next) => next.searchParams.set('options', '-c search_path=shim'));
      await runSql(url, 'CREATE SCHEMA shim');
      const store = await open(beside);
      await putOne(store);
      await store.close();
      expect(await runSql(url, 'SELECT id FROM shim.webhooks')).toHaveLength(1);
    },
  );

  it('leaves tables of other programs alone where no name collides', async () => {
    const url = await server.createDatabase();
    await runSql(url, 'CREATE TABLE invoices (id text)');
    await (await open(url)).close();
  });

  it('may have no data yet', async () => {
    const url = await server.createDatabase();
    for (const mode of ['share', 'read'] as const) {
      expect((await failureOf(url, mode)).code).toBe('not_found');
    }
    expect(await placeForStore(url, {})).toEqual({ allowed: true });
    await runSql(url, 'CREATE ROLE guest LOGIN PASSWORD $$guest$$');
    const guest = changed(url, (next) => {
      next.username = 'guest';
      next.password = 'guest';
    });
    expect(await placeForStore(guest, {})).toEqual({ allowed: false });
    expect(await failureOf(guest)).toMatchObject({
      code: 'store_unwritable',
      message: expect.stringContaining('"guest" lacks a right (permission denied for schema public)'),
    });
    const elsewhere = changed(url, (next) => next.searchParams.set('options', '-c search_path=gone'));
    expect(await failureOf(elsewhere)).toMatchObject({
      code: 'store_unwritable',
      message: expect.stringContaining('no schema that the user "postgres" may use: create the one'),
    });
    await expect(placeForStore(elsewhere, {})).rejects.toThrow(/no schema .* may use: create the one/);
  });

  it('may have no connection left, by whichever limit', async () => {
    const url = await server.createDatabase();
    await runSql(url, `CREATE ROLE crowded LOGIN PASSWORD 'crowded' CONNECTION LIMIT 0`);
    const crowded = changed(url, (next) => Object.assign(next, { username: 'crowded', password: 'crowded' }));
    expect((await failureOf(crowded)).message).toContain(
      'no connection left (too many connections for role "crowded")',
    );
  });
});

it('is migrated once where five instances start at the same moment', async () => {
  const url = await server.createDatabase();
  const stores = await Promise.all([1, 2, 3, 4, 5].map(() => open(url)));
  const ids = await Promise.all(stores.map((store) => store.putWebhooks([webhook()])));
  expect(new Set(ids.flat()).size).toBe(5);
  expect(await runSql(url, 'SELECT webhook_shim FROM schema_version')).toEqual([{ webhook_shim: 2 }]);
  await Promise.all(stores.map((store) => store.close()));
});

it('is read by a user that may only SELECT', async () => {
  const url = await databaseWithData();
  await runSql(
    url,
    `CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`,
  );
  const reader = changed(url, (next) => {
    next.username = 'reader';
    next.password = 'reader';
  });
  const store = await open(reader, 'read');
  expect(await store.listEvents({ limit: 10 })).toHaveLength(1);
  const { id, eventId } = only(await store.listDeliveries({ limit: 10, status: 'delivered' }));
  expect(await store.getDelivery(id)).toMatchObject({ attemptRows: [{ status: 200 }] });
  expect(await store.getEvent(eventId)).toMatchObject({ deliveryRows: [{ id }] });
  expect(await store.listSightings({ limit: 10 })).toHaveLength(1);
  expect(await store.waiting(10)).toEqual({
    received: 0,
    receivedSince: null,
    quarantined: [],
    pending: [],
    dead: [],
  });
  expect(await store.lastSeen()).toHaveLength(1);
  expect(await store.latestAnswers('billing', 10)).toHaveLength(1);
  expect(await store.listReplayable({ limit: 10 })).toHaveLength(1);
  await expect(putOne(store)).rejects.toMatchObject({ code: 'store_unwritable' });
  await store.close();
  // Who would write all the same is stopped by the server.
  const writer = await open(reader, 'share');
  await expect(writer.ping(T0)).rejects.toMatchObject({ code: 'store_unwritable' });
  await writer.close();
});

/** Has a check of the store fail with what a setting is for its connection. */
const tell = (url: string, setting: string) =>
  runSql(
    url,
    `CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'it is %', current_setting('${setting}'); END $$;
     CREATE OR REPLACE TRIGGER tell BEFORE INSERT ON health FOR EACH ROW EXECUTE FUNCTION tell()`,
  );

it('lets statements that meet wait for one another, whatever isolation the database is set to', async () => {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  await runSql(url, `ALTER DATABASE ${name} SET default_transaction_isolation = serializable`);
  const store = await open(url);
  await tell(url, 'transaction_isolation');
  await expect(store.ping(T0)).rejects.toThrow('it is read committed');
  await store.close();
});

it('raises a database that answers before the disk does, and leaves one that is stricter', async () => {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  for (const [set, expected] of [
    ['off', 'on'],
    ['remote_apply', 'remote_apply'],
  ]) {
    await runSql(url, `ALTER DATABASE ${name} SET synchronous_commit = ${set}`);
    const store = await open(url);
    await tell(url, 'synchronous_commit');
    await expect(store.ping(T0)).rejects.toThrow(`it is ${expected}`);
    await store.close();
  }
});
