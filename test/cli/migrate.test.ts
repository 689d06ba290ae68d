import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/store/sqlite/driver.js';
import { schema1 } from '../../src/store/sqlite/schema-1.js';
import { runSql, type Server, startPostgres } from '../support/postgres.js';
import { MAIN } from '../support/service.js';
import { configText, Place } from './support.js';

/** The built command, in a process of its own. */
async function runMain(place: Place, ...args: readonly string[]) {
  const options = { cwd: place.folder, env: { ...process.env, SHIM_CONFIG: 'shim.yaml' } };
  return await new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], options, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

/** A store as the first version left it. */
async function placeOfSchema1(): Promise<Place> {
  const place = await Place.create();
  mkdirSync(join(place.folder, 'data'));
  const db = new Database(join(place.folder, 'data/shim.db'), { readOnly: false });
  db.exec(`${schema1}; PRAGMA application_id = ${0x5368696d}; PRAGMA user_version = 1`);
  db.close();
  return place;
}

const placeOn = (url: string): Promise<Place> =>
  Place.create(configText().replace('"sqlite:data/shim.db"', `"${url}"`));

const partitions = async (url: string): Promise<readonly string[]> =>
  (
    await runSql<{ name: string }>(
      url,
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '^webhooks_2' ORDER BY 1`,
    )
  ).map(({ name }) => name);

describe('migrate', () => {
  it('says from which schema to which, and that nothing was to do', async () => {
    const place = await placeOfSchema1();
    expect(await place.run('migrate')).toEqual({
      status: 0,
      stdout: 'brought the store from schema 1 to 3\n',
      stderr: '',
    });
    expect(await place.run('migrate')).toMatchObject({
      status: 0,
      stdout: 'the store has schema 3: nothing to do\n',
    });
    expect(JSON.parse((await place.run('migrate --json')).stdout)).toEqual({ from: 3, to: 3 });
    expect((await place.run('events list')).status).toBe(0);
  });

  it('makes a store where there is none', async () => {
    const place = await Place.create();
    expect(await place.run('migrate')).toMatchObject({
      status: 0,
      stdout: 'made a store with schema 3\n',
    });
    expect((await place.run('events list')).status).toBe(0);
  });

  it('exits 1 for what a newer version wrote, and says what to do', async () => {
    const place = await placeOfSchema1();
    await place.rewrite('PRAGMA user_version = 99', []);
    expect(await place.run('migrate')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^error: .*written by a newer version .*: install that version or restore/,
      ),
    });
  });

  it.each([
    [1, placeOfSchema1],
    [0, () => Place.create()],
  ])('is done once where six processes do it at the same moment, from schema %i', async (from, create) => {
    const place = await create();
    const done = await Promise.all(Array.from({ length: 6 }, () => runMain(place, 'migrate', '--json')));
    const results = done.map(({ stdout, stderr }): unknown => (stdout === '' ? stderr : JSON.parse(stdout)));
    const others = Array.from({ length: 5 }, () => ({ from: 3, to: 3 }));
    expect(results.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))).toEqual([
      { from, to: 3 },
      ...others,
    ]);
  });

  it('of PostgreSQL makes the partitions of as many days as it is told', async () => {
    const url = await server.createDatabase();
    const place = await placeOn(url);
    const first = await place.run('migrate');
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^made a store with schema \d+\n$/),
    });
    expect(await partitions(url)).toEqual(['webhooks_20260301', 'webhooks_20260302', 'webhooks_20260303']);
    expect((await place.run('migrate --days 30')).stdout).toMatch(
      /^the store has schema \d+: nothing to do\nthere are partitions until 2026-03-31\n$/,
    );
    expect(await partitions(url)).toHaveLength(31);
    await runSql(url, 'UPDATE schema_version SET webhook_shim = 99');
    expect(await place.run('migrate')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/newer version .*: install that version/),
    });
  });
});

it.each([
  'deliveries list',
  'prune',
  'prune --dry-run',
  'replay --status dead --dry-run',
  'destinations pause billing',
  'quarantine retry --all',
])('is done by no other command: %s', async (args) => {
  const place = await placeOfSchema1();
  const stderr = expect.stringMatching(/ run "webhook-shim migrate"\n$/);
  expect(await place.run(args)).toMatchObject({ status: 1, stdout: '', stderr });
  expect((await place.run('migrate')).stdout).toMatch(/from schema 1 to 3/);
});

it('is not done by a check, which finds the store good: its version may go on with it', async () => {
  const older = /there, of an older version: "serve" brings it up to date/;
  const file = await placeOfSchema1();
  expect(await file.run('check')).toMatchObject({ status: 0, stdout: expect.stringMatching(older) });
  expect((await file.run('migrate')).stdout).toMatch(/from schema 1 to 3/);
  const url = await server.createDatabase();
  const database = await placeOn(url);
  await database.run('migrate');
  await runSql(url, 'UPDATE schema_version SET webhook_shim = 1');
  expect(await database.run('check')).toMatchObject({ status: 0, stdout: expect.stringMatching(older) });
});

describe('serve --no-migrate', () => {
  it('refuses an old schema, and leaves it alone', async () => {
    const place = await placeOfSchema1();
    expect(await runMain(place, 'serve', '--no-migrate')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /written by an older version \(schema 1, this one needs 3\): .* run "webhook-shim migrate"\n$/,
      ),
    });
    expect((await place.run('migrate')).stdout).toMatch(/from schema 1 to 3/);
  });

  it('makes no store', async () => {
    const place = await Place.create();
    expect(await runMain(place, 'serve', '--no-migrate')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no data yet at .*: run "webhook-shim migrate" first\n$/),
    });
    expect(existsSync(join(place.folder, 'data'))).toBe(false);
    const shared = await placeOn(await server.createDatabase());
    expect(await runMain(shared, 'serve', '--no-migrate')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/run "webhook-shim migrate" first\n$/),
    });
  });
});
