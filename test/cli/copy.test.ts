import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Databases, runSql, startDatabases } from '../support/postgres.js';
import { Place } from './support.js';

let server: Databases;
beforeAll(async () => {
  server = await startDatabases();
});
afterAll(() => server.dispose());

const copyTo = (url: string): readonly string[] => ['copy', '--from', 'sqlite:data/shim.db', '--to', url];

async function placeWithData(): Promise<{ readonly place: Place; readonly url: string }> {
  const place = await Place.create();
  await place.receive({}, { body: '{"result":"{"}' });
  await place.deliver('billing');
  return { place, url: await server.createDatabase() };
}

describe('copy', () => {
  it('prints a table of what was compared, and what to do next, without the password', async () => {
    const { place, url } = await placeWithData();
    const { status, stdout, stderr } = await place.run(copyTo(url));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^TABLE +ROWS +COPIED +DIGEST +COPY\nwebhooks +2 +2 +[0-9a-f]{32} +the same\n/);
    expect(stdout).toMatch(/\nAll of it is there\. Set store\.url to postgres:\/\/\S+:\d+\/shim_\w+,/);
    expect(stdout).not.toContain('a%20password');

    const document = JSON.parse((await place.run([...copyTo(url), '--json'])).stdout);
    expect(document).toMatchObject({ served: false, complete: true });
    expect(document.tables[0]).toEqual({
      table: 'webhooks',
      source: { rows: 2, digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
      target: document.tables[0].source,
      same: true,
    });
  });

  it('says that the service has to be stopped for the rest', async () => {
    const { place, url } = await placeWithData();
    const { status, stdout } = await place.store(() => place.run(copyTo(url)));
    expect(status).toBe(0);
    expect(stdout).toMatch(/A service goes on with sqlite:.*: stop it and run the same command once more/);
  });

  it('exits 1 where a row was altered', async () => {
    const { place, url } = await placeWithData();
    await place.run(copyTo(url));
    await runSql(url, `UPDATE webhooks SET signature = 'forged'`);
    const { status, stdout, stderr } = await place.run(copyTo(url));
    expect(status).toBe(1);
    expect(stdout).toMatch(/^webhooks +2 +2 +([0-9a-f]{32}) +(?!\1)[0-9a-f]{32}$/m);
    expect(stderr).toMatch(
      /^error: the copy differs from the source in webhooks, and no service begins on it/,
    );
  });

  it('tells how far it has come, where it takes long', async () => {
    const { place, url } = await placeWithData();
    let time = 0;
    const { stderr } = await place.run(copyTo(url), { now: () => (time += 1_500) });
    expect(stderr).toMatch(/^copied 1 rows of \w+$/m);
  });

  it('stops after a batch, and goes on when it is called again', async () => {
    const { place, url } = await placeWithData();
    const running = place.start(copyTo(url));
    running.stop();
    expect(await running.done).toEqual({
      status: 1,
      stdout: '',
      stderr: 'stopping after this batch\nerror: interrupted: run the same command again to go on\n',
    });
    expect((await place.run(copyTo(url))).status).toBe(0);
  });

  it.each([
    ['postgres://a/b', 'sqlite:x.db', /copies go from SQLite to PostgreSQL alone/],
    ['postgres://a/b', 'postgres://c/d', /pg_dump and pg_restore/],
    ['sqlite:a.db', 'sqlite:b.db', /"webhook-shim backup FILE"/],
    ['a.db', 'postgres://a/b', /must be "sqlite:" and the path of a file/],
    // Mistyped, and with a password that a URL would not hold.
    ['postgre://me:12/hush@a/b', 'postgres://a/b', /it is not that: postgre:\/\/…@a\/b$/m],
  ])('exits 2 from %s to %s', async (from, to, message) => {
    const place = await Place.create();
    const { status, stderr } = await place.run(['copy', '--from', from, '--to', to]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('exits 1 where there is nothing to copy, or nobody to take it', async () => {
    const empty = await Place.create();
    expect(await empty.run(copyTo(await server.createDatabase()))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: no data yet at .*shim\.db/),
    });
    const { place } = await placeWithData();
    expect(await place.run(copyTo('postgres://me:hush@127.0.0.1:1/shim'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: postgres:\/\/127\.0\.0\.1:1\/shim: no connection \((?!.*hush)/),
    });
  });

  it('exits 1 where the source has an old schema, and names what helps', async () => {
    const { place, url } = await placeWithData();
    await place.rewrite('PRAGMA user_version = 1', []);
    expect(await place.run(copyTo(url))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/older version .* run "webhook-shim migrate"\n$/),
    });
  });
});
