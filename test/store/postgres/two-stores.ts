import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import { type Databases, startDatabases } from '../../support/postgres.js';

/** A server for a test file. @returns gives a test two stores on one new database, as two instances have them, and its URL */
export function storesOnOneDatabase(): () => Promise<readonly [Store, Store, string]> {
  let server: Databases;
  beforeAll(async () => {
    server = await startDatabases();
  });
  afterAll(() => server.dispose());
  return async () => {
    const url = await server.createDatabase();
    const open = async () => {
      const store = await openStore(url, { mode: 'own' });
      onTestFinished(() => store.close());
      return store;
    };
    return [await open(), await open(), url];
  };
}
