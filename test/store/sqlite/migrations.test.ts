import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { Database } from '../../../src/store/sqlite/driver.js';
import { schema1 } from '../../../src/store/sqlite/schema-1.js';
import { tempFolder } from '../../support/temp-folder.js';
import { BROUGHT_UP_TO_DATE, leaveBacklog, wholeByDestination } from '../old-backlog.js';
import { accept, claim, delivered, HOUR, only, T0 } from '../samples.js';

/** A file as the first version left it: one delivery in each state, with attempts that failed. */
function firstVersion(): string {
  const folder = tempFolder();
  mkdirSync(join(folder, 'data'));
  const db = new Database(join(folder, 'data/shim.db'), { readOnly: false });
  db.exec(`${schema1}; PRAGMA application_id = ${0x5368696d}; PRAGMA user_version = 1;
    INSERT INTO webhooks VALUES (1, 'extracta', 'legacy', ${T0}, 0, 's', '{"result":"[1]"}');
    INSERT INTO events VALUES (1, 1, ${T0}, 'extraction.processed', 'evt_1', 1, 1, NULL, NULL);
    INSERT INTO deliveries (id, event_id, destination, state, due_at, created_at, attempts, last_error) VALUES
      (1, 1, 'billing', 'pending', ${T0}, ${T0}, 0, NULL),
      (2, 1, 'b', 'dead', NULL, ${T0}, 1, 'not sent: source "x" is not configured'),
      (3, 1, 'c', 'dead', NULL, ${T0}, 1, '500 Internal Server Error');
    INSERT INTO attempts VALUES
      (2, 1, ${T0}, 0, NULL, 'not sent: source "x" is not configured', NULL, 'live', 100),
      (3, 1, ${T0}, 5, 500, '500 Internal Server Error', '', 'live', 100);`);
  db.close();
  return folder;
}

describe('a file of the first version', () => {
  it('goes on where it was', async () => {
    const store = await openStore('sqlite:data/shim.db', { mode: 'own', cwd: firstVersion() });
    const list = await store.listDeliveries({ limit: 10 });
    expect(list.map(({ id, fault }) => [id, fault])).toEqual([
      [3, 'destination'],
      [2, 'shim'],
      [1, null],
    ]);
    expect(await store.getDelivery(2)).toMatchObject({ attemptRows: [{ fault: 'shim' }] });
    expect(await store.listDeliveries({ limit: 10, fault: 'shim' })).toHaveLength(1);
    expect(await claim(store)).toHaveLength(1);
    await store.close();
  });

  it('counts as one to which webhooks could come in ever since', async () => {
    const store = await openStore('sqlite:data/shim.db', { mode: 'own', cwd: firstVersion() });
    const { from, to } = only(await store.upTimes());
    expect(from).toBe(0);
    expect(Math.abs(Date.now() - to)).toBeLessThan(60_000);
    await store.close();
  });

  it.each(['share', 'read'] as const)(
    'is refused to %s, and left to the version that serves it',
    async (mode) => {
      const cwd = firstVersion();
      const file = join(cwd, 'data/shim.db');
      const before = readFileSync(file);
      await expect(openStore('sqlite:data/shim.db', { mode, cwd })).rejects.toThrow(
        /older version .*: stop what serves it and run "webhook-shim migrate"/,
      );
      expect(readFileSync(file).equals(before)).toBe(true);
    },
  );
});

/** A file as the first schema left it, with one delivery that waits and one that was being sent. */
function schema1File(folder: string): void {
  mkdirSync(join(folder, 'data'));
  const db = new Database(join(folder, 'data/shim.db'), { readOnly: false });
  db.exec(`${schema1};
    INSERT INTO webhooks VALUES (7, 'extracta', 'legacy', ${T0}, 0, 'sig', '{"result":"[]"}');
    INSERT INTO events VALUES (3, 7, ${T0}, 'extraction.processed', 'evt_1', 1, 1, NULL, NULL);
    INSERT INTO deliveries (event_id, destination, state, due_at, created_at, lease_until)
      VALUES (3, 'billing', 'pending', ${T0}, ${T0}, NULL), (3, 'archive', 'sending', ${T0}, ${T0}, ${T0 + HOUR});
    PRAGMA application_id = 0x5368696d; PRAGMA user_version = 1`);
  db.close();
}

it('brings a file of the first schema up to date, rows and all', async () => {
  const cwd = tempFolder();
  schema1File(cwd);
  const store = await openStore('sqlite:data/shim.db', { mode: 'own', cwd });
  expect(await store.destinationStates()).toEqual([]);
  expect(await store.listBacklogs(9)).toHaveLength(2);
  await store.setOrder('billing', 'file');
  const unkeyed = only(await store.listUnkeyed({ destination: 'billing', limit: 9 }));
  await store.keyDeliveries({
    destination: 'billing',
    by: 'file',
    deliveries: [{ deliveryId: unkeyed.id, keys: ['a'] }],
  });
  const claimed = only(await claim(store, T0));
  expect(claimed).toMatchObject({ eventId: 3, afterDead: null, webhook: { id: 7 } });
  expect(await store.settle([delivered(claimed)])).toEqual([true]);
  expect((await accept(store)).webhookId).toBe(8);
  await store.close();
});

it('lets what waited stand for its own event alone where no other event of the webhook depends on it', async () => {
  const cwd = tempFolder();
  const before = await openStore('sqlite:shim.db', { mode: 'own', cwd });
  await leaveBacklog(before);
  await before.close();
  const db = new Database(join(cwd, 'shim.db'), { readOnly: false });
  db.exec('DROP TABLE up_times; UPDATE deliveries SET whole = 1; PRAGMA user_version = 2');
  db.close();
  const store = await openStore('sqlite:shim.db', { mode: 'own', cwd });
  expect(await wholeByDestination(store, T0)).toEqual(BROUGHT_UP_TO_DATE);
  await store.close();
});
