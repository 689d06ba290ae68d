import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open.js';
import { accept } from '../store/samples.js';
import { runSql, type Server, startPostgres } from '../support/postgres.js';
import { configText, NOW, Place } from './support.js';

let server: Server;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.dispose());

const placeWith = (url: string): Promise<Place> =>
  Place.create(configText().replace('sqlite:data/shim.db', url));

it('commands work on a database, and tell its password to nobody', async () => {
  const url = await server.createDatabase();
  const place = await placeWith(url);
  expect(await place.run('events list')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('No events'),
  });
  const outputs = [await place.run('check'), await place.run('check --json')];
  expect(outputs[0]?.stdout).toContain('the database is empty: the service makes its tables');

  const store = await openStore(url, { mode: 'own' });
  const { events } = await accept(store, undefined, { now: NOW });
  await store.close();
  const id = String(events[0]?.id);
  expect((await place.run('events list')).stdout).toContain(id);
  expect((await place.run(`events show ${id}`)).stdout).toContain('pending');
  const { stdout: stats } = await place.run('stats');
  expect(stats).toMatch(/pending deliveries +1/);
  // What is empty in it, and the log of the whole server, it cannot tell.
  expect(stats).toMatch(/database +[\d.]+ [KM]iB\n/);
  expect(stats).not.toContain('write-ahead log');
  expect((await place.run('prune --dry-run')).stdout).toContain('Would remove 0 webhooks');
  expect((await place.run('destinations pause billing --note moving')).stdout).toContain('is paused');
  expect((await place.run('destinations list')).stdout).toContain('by a person: moving');
  outputs.push(await place.run('check'), await place.run('check --json'));
  expect(outputs[2]?.stdout).toContain('there, and takes writes');

  const away = await placeWith(url.replace(/:\d+\//, ':1/'));
  outputs.push(await away.run('events list'), await away.run('check'));
  expect(outputs.map(({ status }) => status)).toEqual([0, 0, 0, 0, 1, 1]);
  for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toMatch(/a(%20| )password/);
});

it('check tells that a database takes no writes, also while it is empty', async () => {
  const url = await server.createDatabase();
  const place = await placeWith(url);
  const name = new URL(url).pathname.slice(1);
  await runSql(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const { status, stdout } = await place.run('check');
  expect(status).toBe(1);
  expect(stdout).toContain('FAILED: postgres://');
  expect(stdout).toContain('this server takes no writes: name the one that does');
});

it.each(['12/hush', '54321?hush', 'a@hush/12', 'a@hush?12'])(
  'tells nobody a password that the URL cuts off: %s',
  async (password) => {
    const place = await placeWith(`postgres://shim:${password}@127.0.0.1:1/shim`);
    for (const command of ['check', 'check --json', 'events list']) {
      const { status, stdout, stderr } = await place.run(command);
      expect(status).not.toBe(0);
      expect(stdout + stderr).toContain('cut off by a character of its password');
      expect(stdout + stderr).not.toMatch(/hush|54321/);
    }
  },
);

it('check names a database that is reached by a socket', async () => {
  const place = await placeWith('postgres://shim:hush@/shim?host=/gone');
  expect((await place.run('check')).stdout).toMatch(/^postgres:\/\/\/shim +FAILED: postgres \/gone, shim: /m);
});
