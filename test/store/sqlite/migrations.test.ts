import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { Database } from '../../../src/store/sqlite/driver.js';
import { schema1 } from '../../../src/store/sqlite/schema-1.js';
import { accept, claim, delivered, HOUR, only, T0 } from '../samples.js';
import { temporaryFolder } from './folder.js';

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

it.each(['own', 'share'] as const)(
  'brings a file of the first schema up to date, rows and all: %s',
  async (mode) => {
    const cwd = temporaryFolder();
    schema1File(cwd);
    await (await openStore('sqlite:data/shim.db', { mode, cwd })).close();
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
  },
);
