import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { checkedUrl } from '../../../src/store/postgres/url-parameters.js';

const withQuery = (query: string): string => `postgres://me:hush@db.internal/shim${query}`;

describe('what a URL says of TLS', () => {
  it.each([
    [''],
    ['?sslmode=disable'],
    ['?sslmode=verify-full&sslrootcert=/etc/ca.pem'],
    ['?sslmode=no-verify'],
    ['?sslrootcert=/ca.pem&sslcert=/client.pem&sslkey=/client.key'],
    ['?ssl=true'],
    ['?sslmode=verify-full&sslnegotiation=direct'],
    // Whoever asks for the weaker meaning of these has it.
    ['?uselibpqcompat=true&sslmode=require'],
    ['?options=-c%20search_path%3Dshim&application_name=tls'],
  ])('stays as it is where it is understood: %s', (query) => {
    expect(checkedUrl(withQuery(query))).toBe(withQuery(query));
  });

  it.each(['prefer', 'require', 'verify-ca'])(
    'is verified in full with %s, in any version of the driver',
    (mode) => {
      expect(checkedUrl(withQuery(`?sslmode=${mode}`))).toBe(withQuery('?sslmode=verify-full'));
      expect(checkedUrl(withQuery(`?a=b&sslmode=${mode}&c=d`))).toBe(
        withQuery('?a=b&sslmode=verify-full&c=d'),
      );
    },
  );

  it.each([
    ['?sslmode=', /another "sslmode" than disable, no-verify,/],
    ['?sslmode=allow', /another "sslmode"/],
    ['?sslmode=Require', /another "sslmode"/],
    ['?sslmode=verify-full&sslmode=disable', /"sslmode" twice/],
    ['?sslMode=verify-full', /parameter "sslMode", which is none of sslmode, ssl,/],
    ['?tls=true', /parameter "tls"/],
    ['?sslcrl=/etc/crl.pem', /parameter "sslcrl"/],
    ['?ssl=false', /another "ssl" than true, 1, 0, no-verify/],
    ['?ssl=require', /another "ssl"/],
    ['?sslmode=verify-full&sslcert=/client.pem', /name both/],
  ])('is refused where the driver would pass over it: %s', (query, message) => {
    const refused = (): string => checkedUrl(withQuery(query));
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(/hush/);
  });
});

describe('where a URL says the database is', () => {
  it.each([
    '12/hush',
    'hush/12',
    '5432#hush',
    '99?hush',
    'hush#@hush',
    'a@hush/12',
    'a@hush?12',
    'a@hush#12',
    '12/?hush',
  ])('is refused where a character of the password ends it, and shows nothing of it: %s', (password) => {
    const refused = (): string => checkedUrl(`postgres://me:${password}@db.internal/shim`);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(/cut off by a character of its password: .*%2F for \/.*PGPASSWORD/);
    expect(refused).not.toThrow(/hush|12|5432|99/);
  });

  it.each([
    'postgres://me:a:b,c@d%25!@db.internal/shim',
    'postgres://me:5432@db.internal/shim@home',
    'postgres://db.internal:5432/shim?user=me@home&password=hush',
    'postgres://db.internal:5432?user=me@home',
    'postgres://db.internal/shim?user=me@home&password=hush@hush&sslrootcert=/home/me@home/ca.pem',
    'postgres:///shim?host=/var/run/postgresql',
    'postgres://me:hush@%2Fvar%2Frun/shim',
  ])('stays as it is: %s', (url) => {
    expect(checkedUrl(url)).toBe(url);
  });

  it('is where it says, with any password that is percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        const url = `postgres://me:${encodeURIComponent(password)}@db.internal:5433/shim?application_name=x`;
        const { host, port, user, database } = new pg.Client({ connectionString: checkedUrl(url) });
        expect({ host, port, user, database }).toEqual({
          host: 'db.internal',
          port: 5433,
          user: 'me',
          database: 'shim',
        });
      }),
    );
  });

  it('is not told by what is in a password that is not', () => {
    const parts = (text: string): string[] =>
      Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abxy0189/?#@:%&;[]'), minLength: 4 }), (password) => {
        let said: string;
        try {
          const connectionString = checkedUrl(`postgres://me:${password}@DB.INTERNAL/SHIM`);
          const { host, port, user, database } = new pg.Client({ connectionString });
          said = `${user} ${host} ${port} ${database}`;
        } catch (error) {
          // What the driver says of a URL that is none is never shown.
          said = error instanceof UsageError ? error.message : '';
        }
        expect(parts(password).filter((part) => said.includes(part))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    'postgres://me:hush@one:5432,two:5432/shim',
    'postgres://one,two/shim?target_session_attrs=read-write',
    'postgres://me:hush@/shim?host=one,two',
  ])('is one host: %s', (url) => {
    expect(() => checkedUrl(url)).toThrow(/names several hosts: name one/);
  });

  it.each(['service', 'servicefile', 'passfile', 'hostaddr'])(
    'is refused where the driver would pass over it: %s',
    (name) => {
      const refused = (): string => checkedUrl(withQuery(`?${name}=/home/me/hush`));
      expect(refused).toThrow(`has "${name}", which is not understood`);
      expect(refused).not.toThrow(/hush/);
    },
  );
});
