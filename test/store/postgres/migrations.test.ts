import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { type Databases, runSql, startDatabases } from '../../support/postgres.js';
import { BROUGHT_UP_TO_DATE, leaveBacklog, wholeByDestination } from '../old-backlog.js';
import { LEASE, T0 } from '../samples.js';

let server: Databases;
beforeAll(async () => {
  server = await startDatabases();
});
afterAll(() => server.dispose());

/** As the version before left it. */
const AS_BEFORE =
  'DROP TABLE up_times; UPDATE outbox SET whole = true; UPDATE schema_version SET webhook_shim = 1';

it('lets what waited stand for its own event alone where no other event of the webhook depends on it', async () => {
  const url = await server.createDatabase();
  const before = await openStore(url, { mode: 'own' });
  await leaveBacklog(before);
  await before.close();
  await runSql(url, AS_BEFORE);
  const store = await openStore(url, { mode: 'own' });
  // What an instance that was killed had claimed goes out once its lease has ended.
  await runSql(url, 'UPDATE outbox SET lease_until = 0');
  await store.releaseExpired(T0 + 2 * LEASE);
  expect(await wholeByDestination(store, T0 + 2 * LEASE)).toEqual(BROUGHT_UP_TO_DATE);
  await store.close();
});

it('may take longer than a statement of the service: there may be much that waits', async () => {
  const url = await server.createDatabase();
  await (await openStore(url, { mode: 'own' })).close();
  await runSql(
    url,
    `${AS_BEFORE};
     CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'it may take %', current_setting('statement_timeout'); END $$;
     CREATE TRIGGER tell BEFORE INSERT ON schema_version FOR EACH ROW EXECUTE FUNCTION tell()`,
  );
  await expect(openStore(url, { mode: 'own' })).rejects.toThrow('it may take 1h');
});
