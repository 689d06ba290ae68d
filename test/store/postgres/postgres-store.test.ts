import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import { runSql, type Server, startPostgres } from '../../support/postgres.js';
import { describeStore } from '../conformance.js';

const TABLES = [
  'webhooks',
  'last_seen',
  'inbox',
  'quarantine',
  'events',
  'sightings',
  'deliveries',
  'outbox',
  'attempts',
  'extractions_seen',
  'fields_seen',
  'destinations',
  'unkeyed_deliveries',
  'delivery_keys',
  'refused',
  'refused_counts',
];

let server: Server;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
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
    },
  };
});
