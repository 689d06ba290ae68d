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
