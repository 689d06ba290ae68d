import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { storeError } from '../../../src/store/postgres/store-error.js';
import { eventually } from '../../support/handler.js';
import { runSql, type Server, startPostgres } from '../../support/postgres.js';
import { putOne } from '../samples.js';

let server: Server;
let url: string;
beforeAll(async () => {
  server = await startPostgres({
    tls: true,
    rules: ['hostssl all certified all password clientcert=verify-ca', 'hostnossl all encrypted all reject'],
  });
  url = await server.createDatabase();
  for (const name of ['certified', 'encrypted']) {
    await runSql(url, `CREATE ROLE ${name} SUPERUSER LOGIN PASSWORD 'a password'`);
  }
});
afterAll(() => server.dispose());

const file = (name: string): string => fileURLToPath(new URL(`../../support/tls/${name}`, import.meta.url));

const urlWith = (
  parameters: Readonly<Record<string, string>>,
  user = 'postgres',
  host = '127.0.0.1',
): string => {
  const next = new URL(url);
  next.username = user;
  next.hostname = host;
  for (const [name, value] of Object.entries(parameters)) next.searchParams.set(name, value);
  return next.href;
};

const OURS = { sslmode: 'verify-full', sslrootcert: file('authority.pem') };

/** Whether each connection of a store is encrypted. */
async function connectionsOf(storeUrl: string): Promise<readonly boolean[]> {
  const store = await openStore(storeUrl, { mode: 'own' });
  store.onHint(() => {});
  try {
    await putOne(store);
    return await eventually(async () => {
      const rows = await runSql<{ name: string; ssl: boolean }>(
        url,
        `SELECT application_name AS name, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
          WHERE application_name LIKE 'webhook-shim%'`,
      );
      expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(['webhook-shim', 'webhook-shim hints']));
      return [...new Set(rows.map(({ ssl }) => ssl))];
    });
  } finally {
    await store.close();
  }
}

async function failureOf(storeUrl: string): Promise<string> {
  const error = await openStore(storeUrl, { mode: 'own' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'StoreError', code: 'store_unavailable' });
  const { message, cause } = error as Error;
  expect(`${message} ${String(cause)}`).not.toMatch(/a( |%20)password/);
  return message;
}

describe('TLS', () => {
  it.each([
    ['without a word of it', {}, false],
    ['disable', { sslmode: 'disable' }, false],
    ['no-verify', { sslmode: 'no-verify' }, true],
    ['require, with the authority', { ...OURS, sslmode: 'require' }, true],
    ['verify-full, with the authority', OURS, true],
  ])('is on each connection or on none: %s', async (_, parameters, encrypted) => {
    expect(await connectionsOf(urlWith(parameters))).toEqual([encrypted]);
  });

  it('goes by the name in the URL', async () => {
    expect(await connectionsOf(urlWith(OURS, 'postgres', 'localhost'))).toEqual([true]);
  });

  it.each(['prefer', 'require', 'verify-ca', 'verify-full'])(
    'with %s has to be that of an authority that is known',
    async (sslmode) => {
      const unknown = /not signed by an authority that is known here: name the file .*sslrootcert/;
      expect(await failureOf(urlWith({ sslmode }))).toMatch(unknown);
      expect(await failureOf(urlWith({ sslmode, sslrootcert: file('stranger.pem') }))).toMatch(unknown);
    },
  );

  it('may ask for a certificate of the client', async () => {
    const withClient = (name: string, key = name): string =>
      urlWith({ ...OURS, sslcert: file(`${name}.pem`), sslkey: file(`${key}.key`) }, 'certified');
    expect(await connectionsOf(withClient('client'))).toEqual([true]);
    expect(await failureOf(urlWith(OURS, 'certified'))).toMatch(/requires a valid client certificate/);
    expect(await failureOf(withClient('client', 'encrypted'))).toMatch(/the key without a passphrase/);
    expect(await failureOf(withClient('client', 'server'))).toMatch(/made for each other/);
    // The driver never sees the end of some of these: nobody may wait for it.
    for (let tries = 0; tries < 3; tries++) {
      expect(await failureOf(withClient('unknown-client'))).toMatch(
        /the server broke off TLS \(unknown ca\): it may ask for another client certificate/,
      );
    }
  });

  it('may be what the server asks for', async () => {
    expect(await failureOf(urlWith({ sslmode: 'disable' }, 'encrypted'))).toMatch(
      /the user "encrypted" is refused \(.*no encryption\)/,
    );
  });

  it('has to be with the server that is named, and not with another one that the authority vouches for', async () => {
    await server.useCertificate('elsewhere');
    await eventually(async () =>
      expect(await failureOf(urlWith(OURS))).toMatch(
        /certificate is for another name \(.*name the server in store\.url/,
      ),
    );
    await server.useCertificate('server');
  });

  it('ends with the certificate', () => {
    const address = { host: 'db.internal', port: 5432, database: 'shim', user: 'shim' };
    const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
    expect(storeError(address, expired).message).toBe(
      'postgres://db.internal:5432/shim: its certificate, or that of its authority, has expired: renew it on the server',
    );
  });
});
