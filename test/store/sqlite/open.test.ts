import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ShimError, StoreError, UsageError } from '../../../src/errors.js';
import { openStore } from '../../../src/store/open.js';
import { Database, driverFor } from '../../../src/store/sqlite/driver.js';
import { schema1 } from '../../../src/store/sqlite/schema-1.js';
import { tempFolder } from '../../support/temp-folder.js';
import { accept, claim, claimWebhooks, delivered, only, putOne, T0, webhook } from '../samples.js';

const URL = 'sqlite:data/shim.db';
const failureOf = (opening: Promise<unknown>): Promise<ShimError> =>
  opening.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error) => error,
  );
const open = (cwd: string, mode: 'own' | 'share' | 'read' = 'own') => openStore(URL, { mode, cwd });

describe('the URL', () => {
  it('is a path from the folder given, or an absolute one', async () => {
    const cwd = tempFolder();
    for (const url of ['sqlite:a.db', 'sqlite:./b.db', `sqlite:${cwd}/c.db`, `sqlite://${cwd}/d.db`]) {
      await (await openStore(url, { mode: 'own', cwd })).close();
    }
    expect(['a', 'b', 'c', 'd'].every((name) => existsSync(join(cwd, `${name}.db`)))).toBe(true);
  });

  it.each(['', 'sqlite:', 'data/shim.db', 'mysql://u:secret@host/db', 'sqlite::memory:'])(
    'is refused where it names no file that lasts: %s',
    async (url) => {
      const error = await failureOf(openStore(url, { mode: 'own' }));
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toContain('sqlite:data/shim.db');
      expect(error.message).not.toContain('secret');
    },
  );
});

describe('the files', () => {
  it('are made with their folder, for this user alone', async () => {
    const cwd = tempFolder();
    const store = await open(cwd);
    await putOne(store);
    const modeOf = (name: string) => (statSync(join(cwd, 'data', name)).mode & 0o777).toString(8);
    expect(modeOf('.')).toBe('700');
    expect(['shim.db', 'shim.db-wal', 'shim.db-shm', 'shim.db.lock'].map(modeOf)).toEqual(
      Array(4).fill('600'),
    );
    await store.close();
  });

  it('do not grow with what was written and done with: the WAL is used again', async () => {
    const cwd = tempFolder();
    const store = await open(cwd);
    for (let index = 0; index < 200; index += 1) await putOne(store, { body: 'x'.repeat(200_000) });
    const sizeOf = (name: string) => statSync(join(cwd, 'data', name)).size;
    expect(sizeOf('shim.db-wal')).toBeLessThan(10_000_000);
    await store.close();
    expect(sizeOf('shim.db')).toBeGreaterThan(40_000_000);
    // Once it is stopped, the file alone is a whole copy.
    expect(existsSync(join(cwd, 'data', 'shim.db-wal')) ? sizeOf('shim.db-wal') : 0).toBe(0);
  });

  it.each(['share', 'read'] as const)('are not made to %s', async (mode) => {
    const cwd = tempFolder();
    const error = await failureOf(open(cwd, mode));
    expect(error).toBeInstanceOf(ShimError);
    expect(error.code).toBe('not_found');
    expect(error.message).toContain(join(cwd, 'data', 'shim.db'));
    expect(existsSync(join(cwd, 'data'))).toBe(false);
  });

  it('that are empty hold no data either', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, 'data'));
    writeFileSync(join(cwd, 'data', 'shim.db'), '');
    expect(await failureOf(open(cwd, 'share'))).toMatchObject({ code: 'not_found' });
    expect(await failureOf(open(cwd, 'read'))).toMatchObject({ code: 'not_found' });
  });
});

describe('sharing', () => {
  it('is possible while the service runs, and after', async () => {
    const cwd = tempFolder();
    const service = await open(cwd);
    const id = await putOne(service);
    for (const mode of ['share', 'read'] as const) {
      const other = await open(cwd, mode);
      expect(await other.getWebhook(id)).toMatchObject({ state: 'received' });
      await other.close();
    }
    await service.close();
    const alone = await open(cwd, 'read');
    expect(await alone.getWebhook(id)).toMatchObject({ state: 'received' });
    await expect(alone.putWebhooks([webhook()])).rejects.toMatchObject({ code: 'store_unwritable' });
    await expect(alone.ping(T0)).rejects.toThrow('opened for reading');
    await alone.close();
  });

  it('leaves the claims of the service alone', async () => {
    const cwd = tempFolder();
    const service = await open(cwd);
    await accept(service);
    const claimed = only(await claim(service));
    const command = await open(cwd, 'share');
    expect(await claim(command)).toEqual([]);
    expect(await service.settle([delivered(claimed)])).toEqual([true]);
    await command.close();
    await service.close();
  });
});

describe('ownership', () => {
  it('is for one at a time', async () => {
    const cwd = tempFolder();
    const first = await open(cwd);
    const error = await failureOf(open(cwd));
    expect(error).toBeInstanceOf(StoreError);
    expect(error.code).toBe('store_locked');
    expect(error.message).toContain('is served by another running shim');
    await putOne(first);
    await first.close();
    await (await open(cwd)).close();
  });

  it('is of the file, whatever name it goes by', async () => {
    const cwd = tempFolder();
    const first = await open(cwd);
    symlinkSync(join(cwd, 'data', 'shim.db'), join(cwd, 'other.db'));
    expect(await failureOf(openStore('sqlite:other.db', { mode: 'own', cwd }))).toMatchObject({
      code: 'store_locked',
    });
    await first.close();
  });

  it('ends with the process that had it, and is not left behind by kill -9', async () => {
    const cwd = tempFolder();
    await (await open(cwd)).close();
    const holder = spawn(process.execPath, ['-e', HOLD, join(cwd, 'data', 'shim.db.lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DRIVER: require.resolve(driverFor(process.versions.node)) },
    });
    await once(holder.stdout, 'data');
    expect(await failureOf(open(cwd))).toMatchObject({ code: 'store_locked' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await open(cwd)).close();
  });

  it('voids the leases of whoever had it before, and their fences', async () => {
    const cwd = tempFolder();
    const first = await open(cwd);
    await accept(first);
    await putOne(first);
    const stale = only(await claim(first));
    expect(await claimWebhooks(first)).toHaveLength(1);
    await first.close();
    const second = await open(cwd);
    expect(await claimWebhooks(second)).toHaveLength(1);
    const again = only(await claim(second));
    expect(again).toMatchObject({ id: stale.id, attempts: 0 });
    expect(await second.settle([delivered(stale)])).toEqual([false]);
    expect(await second.settle([delivered(again)])).toEqual([true]);
    await second.close();
  });
});

describe('the schema', () => {
  const path = (cwd: string) => join(cwd, 'data', 'shim.db');
  const execute = (cwd: string, sql: string) => {
    const db = new Database(path(cwd), { readOnly: false });
    db.exec(sql);
    db.close();
  };

  it.each(['own', 'share', 'read'] as const)('that is newer is refused: %s', async (mode) => {
    const cwd = tempFolder();
    await (await open(cwd)).close();
    execute(cwd, 'PRAGMA user_version = 7');
    const before = readFileSync(path(cwd));
    const error = await failureOf(open(cwd, mode));
    expect(error).toMatchObject({ code: 'store_newer' });
    expect(error.message).toBe(
      `${path(cwd)} was written by a newer version (schema 7, this one knows 3): install that version or restore a backup`,
    );
    expect(readFileSync(path(cwd)).equals(before)).toBe(true);
  });

  it('that is older is brought up to date, and what is in the file stays; for reading alone it is refused', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, 'data'));
    execute(cwd, `${schema1}; PRAGMA application_id = ${0x5368696d}; PRAGMA user_version = 1`);
    execute(
      cwd,
      `INSERT INTO webhooks VALUES (3, 'extracta', 'legacy', ${T0}, 0, 'c2ln', '{"result":"[]"}');
       INSERT INTO inbox VALUES (3, 'legacy', ${T0})`,
    );
    for (const mode of ['share', 'read'] as const) {
      const refused = await failureOf(open(cwd, mode));
      expect(refused.code).toBe('store_older');
      expect(refused.message).toContain(
        'older version (schema 1, this one needs 3): stop what serves it and run',
      );
    }
    const store = await open(cwd);
    expect(only(await claimWebhooks(store))).toMatchObject({ id: 3, body: '{"result":"[]"}' });
    expect(await store.listRefused({ limit: 1 })).toEqual([]);
    await store.close();
    await (await open(cwd, 'read')).close();
  });

  it('of another program is refused, and left as it is', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, 'data'));
    execute(cwd, 'CREATE TABLE theirs (x); PRAGMA user_version = 1');
    const before = readFileSync(path(cwd));
    const error = await failureOf(open(cwd));
    expect(error.message).toContain('is a database of another program');
    expect(readFileSync(path(cwd)).equals(before)).toBe(true);
  });

  it('tells a person with a database shell where each webhook stands', async () => {
    const cwd = tempFolder();
    const store = await open(cwd);
    await accept(store);
    await putOne(store);
    await store.close();
    const db = new Database(path(cwd), { readOnly: true });
    const states = db.prepare<{ state: string }>('SELECT state FROM webhook_states ORDER BY id').all();
    db.close();
    expect(states.map(({ state }) => state)).toEqual(['converted', 'received']);
  });
});

describe('the driver', () => {
  it.each([
    ['20.18.1', '@photostructure/sqlite'],
    ['22.23.3', '@photostructure/sqlite'],
    ['24.0.0', '@photostructure/sqlite'],
    ['24.14.1', '@photostructure/sqlite'],
    ['24.15.0', 'node:sqlite'],
    ['25.8.0', '@photostructure/sqlite'],
    ['26.0.0', 'node:sqlite'],
  ])('for Node %s is %s', (version, driver) => {
    expect(driverFor(version)).toBe(driver);
  });

  it('prints no warning', async () => {
    const script = `require(${JSON.stringify(driverFor(process.versions.node))})`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    const printed = child.stderr.toArray();
    await once(child, 'exit');
    expect(Buffer.concat(await printed).toString()).toBe('');
  });
});

const require = createRequire(import.meta.url);

/** Takes the lock as the service does, says so, and waits for its end. */
const HOLD = `
  const { DatabaseSync } = require(process.env.DRIVER);
  const lock = new DatabaseSync(process.argv[1]);
  lock.exec('BEGIN EXCLUSIVE');
  console.log('held');
  setInterval(() => lock.exec('SELECT 1'), 1000);
`;
