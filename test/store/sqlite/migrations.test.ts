import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { Database } from '../../../src/store/sqlite/driver.js';
import { schema1 } from '../../../src/store/sqlite/schema-1.js';
import { claim, T0 } from '../samples.js';
import { temporaryFolder } from './folder.js';

/** A file as the first version left it: one delivery in each state, with attempts that failed. */
function firstVersion(): string {
  const folder = temporaryFolder();
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
  it.each(['own', 'share'] as const)('goes on where it was, opened to %s', async (mode) => {
    const store = await openStore('sqlite:data/shim.db', { mode, cwd: firstVersion() });
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

  it('has to be brought up to date before it can be read', async () => {
    await expect(openStore('sqlite:data/shim.db', { mode: 'read', cwd: firstVersion() })).rejects.toThrow(
      /start the service once, which brings it up to date/,
    );
  });
});
