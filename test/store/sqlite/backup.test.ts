import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BackupOptions, backupStore } from '../../../src/store/backup.js';
import { migrateStore, openStore } from '../../../src/store/open.js';
import { copyInto } from '../../../src/store/sqlite/backup.js';
import { openSqliteSource } from '../../../src/store/sqlite/copy-source.js';
import { Database } from '../../../src/store/sqlite/driver.js';
import type { Store } from '../../../src/store/store.js';
import { MAIN } from '../../support/service.js';
import { tempFolder } from '../../support/temp-folder.js';
import { accept, claim, putOne, T0, webhooks } from '../samples.js';

const URL = 'sqlite:data/shim.db';
const take = (cwd: string, file = 'copy.db', more: Partial<BackupOptions> = {}) =>
  backupStore(URL, file, { cwd, force: false, onProgress: () => {}, ...more });

/** A store that goes on while it is copied, of some 20 MB. */
async function filled(): Promise<{ cwd: string; store: Store }> {
  const cwd = tempFolder();
  const store = await openStore(URL, { mode: 'own', cwd });
  await accept(store);
  await store.putWebhooks(webhooks(200, { body: 'x'.repeat(100_000) }));
  return { cwd, store };
}

describe('a backup', () => {
  it('is one private file with all that was there at its beginning, whatever is written meanwhile', async () => {
    const { cwd, store } = await filled();
    let written = 0;
    let copying = true;
    const writing = (async () => {
      while (copying) {
        await putOne(store, { body: 'later' });
        written++;
      }
    })();
    const seen: number[] = [];
    const made = await take(cwd, 'copy.db', { onProgress: (done) => seen.push(done) });
    copying = false;
    await writing;
    await store.close();
    expect(written).toBeGreaterThan(0);
    expect(made).toMatchObject({ file: join(cwd, 'copy.db'), events: 1, deliveries: 1 });
    expect(made.webhooks).toBeGreaterThanOrEqual(201);
    expect(made.webhooks).toBeLessThanOrEqual(202);
    expect(made.bytes).toBe(statSync(made.file).size);
    expect((statSync(made.file).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(cwd).sort()).toEqual(['copy.db', 'data']);
    expect(seen.every((done) => done > 0 && done < 1)).toBe(true);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));

    const copy = await openStore('sqlite:copy.db', { mode: 'own', cwd });
    expect(await copy.waiting(1_000)).toMatchObject({ received: made.webhooks - 1 });
    expect(await claim(copy)).toHaveLength(1);
    await copy.close();
  });

  it('of what is no database says so, and leaves nothing', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, 'data'));
    writeFileSync(join(cwd, 'data', 'shim.db'), 'This is a letter, and not a database at all. '.repeat(100));
    await expect(take(cwd)).rejects.toMatchObject({ code: 'store_corrupt' });
    expect(readdirSync(cwd)).toEqual(['data']);
  });

  it('of a store that is not served works too, and of none says so', async () => {
    const { cwd, store } = await filled();
    await store.close();
    expect(await take(cwd)).toMatchObject({ webhooks: 201 });
    await expect(take(tempFolder())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is not opened beside the WAL of the database whose place it took, which would be written over it', async () => {
    const { cwd, store } = await filled();
    await take(cwd);
    await store.putWebhooks(webhooks(20, { body: 'x'.repeat(100_000) }));
    copyFileSync(join(cwd, 'data/shim.db-wal'), join(cwd, 'copy.db-wal'));
    await store.close();
    const before = readFileSync(join(cwd, 'copy.db'));
    const refused = { code: 'store_corrupt', message: expect.stringMatching(/move .*copy\.db-wal .* away/) };
    await expect(openStore('sqlite:copy.db', { mode: 'own', cwd })).rejects.toMatchObject(refused);
    await expect(migrateStore('sqlite:copy.db', { cwd, now: T0, days: 0 })).rejects.toMatchObject(refused);
    // Commands open it as the service does, and whoever closes it last writes the WAL into it.
    for (const mode of ['share', 'read'] as const) {
      await expect(openStore('sqlite:copy.db', { mode, cwd })).rejects.toMatchObject(refused);
    }
    const again = { cwd, force: false, onProgress: () => {} };
    await expect(backupStore('sqlite:copy.db', join(cwd, 'again.db'), again)).rejects.toMatchObject(refused);
    expect(() => openSqliteSource(join(cwd, 'copy.db'), (_time, number) => number)).toThrow(
      /move .*copy\.db-wal .* away/,
    );
    expect(readFileSync(join(cwd, 'copy.db')).equals(before)).toBe(true);
    rmSync(join(cwd, 'copy.db-wal'));
    const copy = await openStore('sqlite:copy.db', { mode: 'own', cwd });
    expect(await copy.waiting(1_000)).toMatchObject({ received: 200 });
    await copy.close();
  });

  it('replaces a file only when it is told to, and then at its end', async () => {
    const { cwd, store } = await filled();
    writeFileSync(join(cwd, 'copy.db'), 'precious');
    await expect(take(cwd)).rejects.toThrow(
      /copy\.db is there: name another file, or replace it with --force$/,
    );
    const onProgress = (): void => {
      throw new Error('stop');
    };
    await expect(take(cwd, 'copy.db', { force: true, onProgress })).rejects.toThrow('stop');
    expect(readFileSync(join(cwd, 'copy.db'), 'utf8')).toBe('precious');
    expect(readdirSync(cwd).sort()).toEqual(['copy.db', 'data']);
    // What a run that was killed left.
    const { pid } = spawnSync(process.execPath, ['--version']);
    const own = `copy.db.${process.pid}.partial`;
    const gone = `copy.db.${pid}.partial`;
    for (const left of ['copy.db.partial', gone, `${gone}-journal`, own, `${own}-journal`]) {
      writeFileSync(join(cwd, left), 'half');
    }
    // What others made, one of which is at work.
    const others = ['copy.db.1', 'copy.db.gz', `copy.db.${process.ppid}.partial`, `other.db.${pid}.partial`];
    for (const other of others) writeFileSync(join(cwd, other), 'other');
    expect(await take(cwd, 'copy.db', { force: true })).toMatchObject({ webhooks: 201 });
    expect(readdirSync(cwd).sort()).toEqual(['copy.db', 'data', ...others].sort());
    await store.close();
  });

  it('is not touched by another one that is made of the same name meanwhile', async () => {
    const { cwd, store } = await filled();
    const config = { sources: [{ name: 'extracta', path: '/webhook', secrets: ['E_AI_K_c2hpbQ'] }] };
    writeFileSync(join(cwd, 'shim.json'), JSON.stringify({ ...config, destinations: [] }));
    const others: string[] = [];
    const onProgress = (): void => {
      if (others.length > 0) return;
      const line = [MAIN, 'backup', '--force', '--json', '--config', 'shim.json', 'copy.db'];
      others.push(execFileSync(process.execPath, line, { cwd, encoding: 'utf8' }));
    };
    const made = await take(cwd, 'copy.db', { force: true, onProgress });
    expect(JSON.parse(others[0] ?? '')).toMatchObject({ bytes: made.bytes, webhooks: 201 });
    expect(made).toMatchObject({ bytes: statSync(made.file).size, webhooks: 201 });
    expect(readdirSync(cwd).sort()).toEqual(['copy.db', 'data', 'shim.json']);
    await store.close();
  });

  it.each(['data/shim.db', 'data/shim.db-wal', 'data/shim.db.lock'])('is never put over %s', async (file) => {
    const { cwd, store } = await filled();
    await expect(take(cwd, file, { force: true })).rejects.toThrow(/is the store itself/);
    await putOne(store);
    await store.close();
  });

  it('says that there is no room for it, and that it cannot be written', async () => {
    const { cwd, store } = await filled();
    const db = new Database(join(cwd, 'data/shim.db'), { readOnly: true });
    await expect(copyInto(db, '/dev/full', () => {})).rejects.toMatchObject({
      code: 'store_full',
      message: '/dev/full: the disk has no room for the copy: name a file on another one',
    });
    db.close();
    await expect(take(cwd, 'gone/copy.db')).rejects.toMatchObject({
      code: 'store_unwritable',
      // And not of the store, which is well.
      message: expect.stringMatching(
        /copy\.db: cannot be written \(ENOENT.*: name a file in a folder that is there/,
      ),
    });
    await store.close();
  });

  it('of a damaged store is no backup', async () => {
    const { cwd, store } = await filled();
    await store.close();
    const path = join(cwd, 'data/shim.db');
    const bytes = readFileSync(path);
    // The pages of the first tables, behind the header and the schema.
    bytes.fill(0xa5, 3 * 4096 + 8, 6 * 4096);
    writeFileSync(path, bytes);
    chmodSync(path, 0o600);
    await expect(take(cwd)).rejects.toMatchObject({ code: 'store_corrupt' });
    expect(existsSync(join(cwd, 'copy.db'))).toBe(false);
    expect(readdirSync(cwd)).toEqual(['data']);
  });
});

describe('a store in PostgreSQL', () => {
  const typed = (url: string): Promise<string> =>
    backupStore(url, 'a.dump', { cwd: '.', force: false, onProgress: () => {} }).then(
      () => '',
      (error: Error) => error.message,
    );

  it.each([
    ['postgres://me:gehe@im@db.example:5432/shim', 'postgres://me@db.example:5432/shim'],
    ['postgres://me@here:geheim@db.example/shim', 'postgres://me@here@db.example/shim'],
    [
      'postgres://me@db.example:5432/shim?options=-c%20a%3Db',
      'postgres://me@db.example:5432/shim?options=-c%20a%3Db',
    ],
    ['postgres://me@db.example/shim?password=geheim', 'postgres://me@db.example/shim'],
    [
      'postgres://db.example/shim?user=me&password=geheim&sslmode=require',
      'postgres://db.example/shim?user=me&sslmode=require',
    ],
    ['postgres://me:ge/heim@db.example/shim', 'postgres://…'],
  ])('shows no part of the password in %s', async (url, shown) => {
    expect((await typed(url)).split('--file=')[1]).toBe(`'a.dump' '${shown}'`);
  });

  it('is left to its own tool, with what to type and no password', async () => {
    const backup = backupStore('postgres://me:geheim@db.example/shim', "it's.dump", {
      cwd: '.',
      force: false,
      onProgress: () => {},
    });
    await expect(backup).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(
        String.raw`Type: pg_dump --format=custom --file='it'\''s.dump' 'postgres://me@db.example/shim'`,
      ),
    });
  });
});
