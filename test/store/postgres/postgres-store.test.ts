import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { TABLES } from '../../../src/store/postgres/migrations.js';
import type { Store } from '../../../src/store/store.js';
import { type Databases, runSql, startDatabases } from '../../support/postgres.js';
import { describeStore } from '../conformance.js';

let server: Databases;
let url: string;

beforeAll(async () => {
  server = await startDatabases();
  url = await server.createDatabase();
});
afterAll(() => server.dispose());

describeStore('PostgreSQL', async () => {
  const open = () => openStore(url, { mode: 'own' });
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
      const other = await openStore(url, { mode: 'share' });
      others.push(other);
      return other;
    },
    // To empty the tables takes a tenth of the time of making a database anew.
    dispose: async () => {
      await Promise.all([store, ...others].map((each) => each.close()));
      await runSql(url, TABLES.map((table) => `DELETE FROM ${table}`).join(';'));
      await runSql(url, `INSERT INTO up_times VALUES (0, ${Date.now()})`);
    },
  };
});
