import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import { describeStore } from '../conformance.js';

describeStore('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shim-store-'));
  const open = () => openStore('sqlite:data/shim.db', { mode: 'own', cwd: folder });
  const others: Store[] = [];
  let store = await open();
  return {
    get store() {
      return store;
    },
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    beside: async () => {
      const other = await openStore('sqlite:data/shim.db', { mode: 'share', cwd: folder });
      others.push(other);
      return other;
    },
    dispose: async () => {
      await Promise.all(others.map((other) => other.close()));
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
