import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/store/open.js';
import { describeStore } from '../conformance.js';

describeStore('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shim-store-'));
  const open = () => openStore('sqlite:data/shim.db', { mode: 'own', cwd: folder });
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
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
