import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import type { Conversion, LatestResult } from '../../../src/model.js';
import { openStore } from '../../../src/store/open.js';
import { Database } from '../../../src/store/sqlite/driver.js';
import { migrate } from '../../../src/store/sqlite/migrations.js';
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.js';
import { isOwnFault, storeError } from '../../../src/store/sqlite/store-error.js';
import type { Store } from '../../../src/store/store.js';
import { tempFolder } from '../../support/temp-folder.js';
import { claimWebhooks, event, file, only, putOne, T0, webhook } from '../samples.js';

const URL = 'sqlite:data/shim.db';
const open = (cwd: string, mode: 'own' | 'share' | 'read' = 'own') => openStore(URL, { mode, cwd });
const databaseIn = (cwd: string) => join(cwd, 'data', 'shim.db');

const failureOf = async (work: Promise<unknown>): Promise<StoreError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw new Error(`a StoreError was expected, not ${String(error)}`);
  return error;
};

/** A real disk of 4 MiB. Null where this user may not mount one. */
function smallDisk(): string | null {
  const folder = join(tempFolder(), 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return folder;
}

/** A store that runs out of space, and a way to make space. */
async function storeOfLittleSpace(): Promise<{ readonly store: Store; readonly makeSpace: () => void }> {
  const disk = smallDisk();
  if (disk) {
    const filler = join(disk, 'filler');
    writeFileSync(filler, Buffer.alloc(3 * 1024 * 1024));
    return { store: await open(disk), makeSpace: () => unlinkSync(filler) };
  }
  const path = join(tempFolder(), 'shim.db');
  const db = new Database(path, { readOnly: false });
  db.exec('PRAGMA journal_mode = WAL');
  migrate(db, path);
  db.exec('PRAGMA max_page_count = 200');
  return {
    store: createSqliteStore(db, path, true, () => {}),
    makeSpace: () => db.exec('PRAGMA max_page_count = 100000'),
  };
}

describe('a full disk', () => {
  it('leaves nothing of what was undone to infer edits from', async () => {
    const { store, makeSpace } = await storeOfLittleSpace();
    const [one, two, three] = [await putOne(store), await putOne(store), await putOne(store)];
    const inferred = (id: number, latest: LatestResult | null): Conversion => ({
      outcome: 'converted',
      webhookId: id,
      events: [event({ files: [file('a', `result ${id}`)] })],
      duplicatesSince: null,
      basis: [{ subjects: [file('a').subject], latest }],
    });
    const first = { subject: 0, digest: file('a', `result ${one}`).digest };
    const batch = await Promise.allSettled([
      store.saveConversions([inferred(one, null)], T0),
      store.saveConversions([inferred(two, first)], T0),
      putOne(store, { body: 'x'.repeat(8 * 1024 * 1024) }),
    ]);
    expect(batch.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    makeSpace();
    expect(only(await store.saveConversions([inferred(three, null)], T0)).applied).toBe(true);
  });

  it('is said, loses nothing, and is got over once there is space', async () => {
    const { store, makeSpace } = await storeOfLittleSpace();
    const body = 'x'.repeat(100_000);
    const kept: number[] = [];
    let failure: StoreError | undefined;
    while (!failure) {
      await putOne(store, { body }).then(
        (id) => kept.push(id),
        (error: StoreError) => {
          failure = error;
        },
      );
    }
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure.code).toBe('store_full');
    expect(failure.message).toContain('the disk is full');
    // All that share the commit fail with it; looking still works.
    const batch = await Promise.allSettled([1, 2, 3].map(() => putOne(store, { body })));
    expect(batch.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await store.getWebhook(kept[0] ?? 0)).toMatchObject({ state: 'received' });

    makeSpace();
    kept.push(await putOne(store, { body }));
    await store.ping(T0);
    const waiting = await claimWebhooks(store, T0, 1000);
    expect(waiting.map(({ id }) => id)).toEqual(kept);
    await store.close();
  });

  it('is said when there is no room to begin', async () => {
    const disk = smallDisk();
    // Where no disk can be mounted, the device that is always full stands in: nothing can be made below it.
    const folder = disk ?? '/dev/full';
    if (disk) writeFileSync(join(disk, 'filler'), Buffer.alloc(4 * 1024 * 1024));
    const error = await failureOf(open(folder));
    expect(error.code).toBe(disk ? 'store_full' : 'store_unwritable');
  });
});

describe('what cannot be written', () => {
  it('is named, with the way out', async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'data'), 'a file where the folder should be');
    const error = await failureOf(open(cwd));
    expect(error.code).toBe('store_unwritable');
    expect(error.message).toContain(databaseIn(cwd));
    expect(error.message).toContain('store.url');
  });

  it('may be a folder in the place of the file', async () => {
    const cwd = tempFolder();
    mkdirSync(databaseIn(cwd), { recursive: true });
    expect((await failureOf(open(cwd))).code).toBe('store_unwritable');
  });
});

describe('a damaged file', () => {
  it.each(['own', 'share', 'read'] as const)('that is no database is left alone: %s', async (mode) => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, 'data'));
    writeFileSync(databaseIn(cwd), 'This is a letter, and not a database at all. '.repeat(100));
    const error = await failureOf(open(cwd, mode));
    expect(error.code).toBe('store_corrupt');
    expect(error.message).toContain('restore a backup');
  });

  it('is said when it shows only later', async () => {
    const cwd = tempFolder();
    const first = await open(cwd);
    for (let index = 0; index < 50; index += 1) await putOne(first, { body: 'x'.repeat(10_000) });
    await first.close();
    const file = openSync(databaseIn(cwd), 'r+');
    for (let page = 2; page < 100; page += 1) writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, page * 4096);
    closeSync(file);
    const error = await failureOf(
      open(cwd).then(async (store) => {
        onTestFinished(() => store.close());
        return claimWebhooks(store);
      }),
    );
    expect(error.code).toBe('store_corrupt');
  });

  it('may be one that was cut short', async () => {
    const cwd = tempFolder();
    const first = await open(cwd);
    await putOne(first);
    await first.close();
    truncateSync(databaseIn(cwd), 3000);
    expect((await failureOf(open(cwd))).code).toBe('store_corrupt');
  });
});

describe('a lock of another program', () => {
  it('is waited for, then said, and does no harm once it is gone', async () => {
    const cwd = tempFolder();
    const store = await open(cwd);
    const other = new Database(databaseIn(cwd), { readOnly: false });
    other.exec('BEGIN IMMEDIATE');
    const asked = await Promise.allSettled([putOne(store), store.ping(T0)]);
    for (const result of asked) expect(result).toMatchObject({ reason: { code: 'store_locked' } });
    // What only looks does not wait.
    expect(await claimWebhooks(store)).toEqual([]);
    expect(await store.claimDeliveries({ destination: 'billing', limit: 1, now: T0, lease: 1 })).toEqual([]);
    expect(await store.releaseExpired(T0)).toBe(0);
    other.exec('ROLLBACK');
    other.close();
    const id = await putOne(store);
    expect((await claimWebhooks(store)).map((one) => one.id)).toEqual([id]);
    await store.close();
  });
});

describe('whichever way a statement is run', () => {
  const ways = {
    run: (db: Database, sql: string) => db.prepare(sql).run(),
    get: (db: Database, sql: string) => db.prepare(sql).get(),
    all: (db: Database, sql: string) => db.prepare(sql).all(),
    iterate: (db: Database, sql: string) => [...db.prepare(sql).iterate()],
  };
  const failureIn = (db: Database, way: keyof typeof ways, sql: string): unknown => {
    try {
      ways[way](db, sql);
    } catch (error) {
      return error;
    }
    throw new Error('it was expected to fail');
  };
  const file = () => join(tempFolder(), 'a.db');
  const opened = (path: string): Database => {
    const db = new Database(path, { readOnly: false });
    onTestFinished(() => db.close());
    return db;
  };

  describe.each(Object.keys(ways) as (keyof typeof ways)[])('%s', (way) => {
    it('a full file is said, and is not the fault of the statement', () => {
      const db = opened(file());
      db.exec('CREATE TABLE t (a); PRAGMA max_page_count = 3');
      const error = failureIn(db, way, 'INSERT INTO t VALUES (zeroblob(100000)) RETURNING a');
      expect(storeError('a.db', error).code).toBe('store_full');
      expect(isOwnFault(error)).toBe(false);
    });

    it('a lock is said, and is not the fault of the statement', () => {
      const path = file();
      const db = opened(path);
      db.exec('CREATE TABLE t (a)');
      opened(path).exec('BEGIN EXCLUSIVE');
      const error = failureIn(db, way, 'SELECT a FROM t');
      expect(storeError('a.db', error).code).toBe('store_locked');
      expect(isOwnFault(error)).toBe(false);
    });

    it('damage is said, and is not the fault of the statement', () => {
      const path = file();
      const db = opened(path);
      db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
      const page = openSync(path, 'r+');
      writeSync(page, Buffer.alloc(4096, 0x5a), 0, 4096, 4096);
      closeSync(page);
      const later = opened(path);
      const error = failureIn(later, way, 'SELECT a FROM t');
      expect(storeError('a.db', error).code).toBe('store_corrupt');
      expect(isOwnFault(error)).toBe(false);
    });

    it('a row that may not be is the fault of the statement', () => {
      const db = opened(file());
      db.exec('CREATE TABLE t (a PRIMARY KEY); INSERT INTO t VALUES (1)');
      const error = failureIn(db, way, 'INSERT INTO t VALUES (1) RETURNING a');
      expect(isOwnFault(error)).toBe(true);
    });
  });
});

describe('a file that is deleted while it is served', () => {
  it('is said by the next check, and takes no webhook any more, which would be gone with the process', async () => {
    const cwd = tempFolder();
    const store = await open(cwd);
    await store.ping(T0);
    rmSync(databaseIn(cwd));
    const error = await failureOf(store.ping(T0));
    expect(error.code).toBe('store_unavailable');
    expect(error.message).toContain('moved or deleted');
    expect((await failureOf(store.putWebhooks([webhook()]))).code).toBe('store_unavailable');
    await store.close();
  });
});

it('commits nothing where there is nothing to do', async () => {
  const cwd = tempFolder();
  const store = await open(cwd);
  await store.putWebhooks([webhook()]);
  const other = new Database(databaseIn(cwd), { readOnly: true });
  const version = () => other.prepare<{ data_version: number }>('PRAGMA data_version').get()?.data_version;
  const before = version();
  for (let round = 0; round < 5; round += 1) {
    await store.claimDeliveries({ destination: 'billing', limit: 9, now: T0, lease: 1 });
    await store.claimWebhooks({ limit: 9, now: T0 + round * 10, lease: 1 });
    await store.releaseExpired(T0);
    await store.settle([]);
    await store.listEvents({ limit: 9 });
  }
  expect(version()).toBe(before);
  await store.ping(T0);
  expect(version()).not.toBe(before);
  other.close();
  await store.close();
});

describe('a webhook that was removed by hand', () => {
  it('leaves a delivery that says so when it is to be sent', async () => {
    const cwd = tempFolder();
    const store = await open(cwd);
    onTestFinished(() => store.close());
    const id = await putOne(store);
    const events = [event({ body: '{}', destinations: ['billing'] })];
    await store.saveConversions([{ outcome: 'converted', webhookId: id, events, duplicatesSince: null }], T0);
    const request = { destination: 'billing', limit: 1, now: T0, lease: 1000, rate: null };
    const claimed = only(await store.claimDeliveries(request));
    const db = new Database(databaseIn(cwd), { readOnly: false });
    db.exec(`DELETE FROM webhooks WHERE id = ${id}; DELETE FROM events`);
    db.close();
    expect(() => claimed.webhook.body).toThrow(`webhook ${id} is not in the store any more`);
    expect(() => claimed.body).toThrow(`event ${claimed.eventId} is not in the store any more`);
  });
});
