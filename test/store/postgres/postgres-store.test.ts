import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../../src/store/open.js';
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
    // To empty the tables takes a tenth of the time of making a database anew.
    dispose: async () => {
      await store.close();
      await runSql(url, TABLES.map((table) => `DELETE FROM ${table}`).join(';'));
    },
  };
});
