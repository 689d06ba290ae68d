import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteas, float8s, int8s, texts } from '../../../src/store/postgres/arrays.js';
import { Database } from '../../../src/store/postgres/database.js';
import { fromText, sizeOf, text } from '../../../src/store/postgres/values.js';
import { anyText } from '../../support/any-text.js';
import { type Databases, startDatabases } from '../../support/postgres.js';

let server: Databases;
let db: Database;
beforeAll(async () => {
  server = await startDatabases();
  db = new Database({
    url: await server.createDatabase(),
    address: { host: '', port: 0, database: '', user: '' },
    connections: 1,
    statementTimeout: 5_000,
    readOnly: false,
  });
});
afterAll(async () => {
  await db.close();
  await server.dispose();
});

/** Any text, with what needs care more often than chance would have it. */
const anyStored = fc
  .array(fc.oneof(anyText, fc.constantFrom('\0', '\x10', '0', '\\', '"', '{}', 'NULL', '😀')))
  .map((parts) => parts.join(''));

describe('a text', () => {
  it('is what it was, and its size is known, whatever characters it has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStored), async (given) => {
        const rows = await db.query<{ stored: string; size: number }>(
          { text: `SELECT stored, ${sizeOf('stored')} AS size FROM unnest($1::text[]) stored` },
          texts(given.map(text)),
        );
        expect(rows.map(({ stored }) => fromText(stored))).toEqual(given);
        expect(rows.map(({ size }) => size)).toEqual(given.map((each) => Buffer.byteLength(each)));
      }),
      { numRuns: 60 },
    );
  });

  it('has one form, so that equal texts are equal there', () => {
    fc.assert(
      fc.property(anyStored, anyStored, (one, other) => {
        expect(text(one) === text(other)).toBe(one === other);
      }),
    );
  });
});

it('takes arrays of numbers and of bytes, with nothing in them as well', async () => {
  const numbers = [
    0,
    1,
    -1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    null,
  ];
  const floats = [0, -0.5, 12.5, 1e300];
  const bytes = [new Uint8Array(), new Uint8Array([0, 255, 92, 34])];
  const rows = await db.query<Record<string, unknown>>(
    {
      text: 'SELECT $1::bigint[] AS n, $2::float8[] AS f, $3::bytea[] AS b, $4::text[] AS t, $5::bigint[] AS none',
    },
    int8s(numbers.filter((each) => each !== null)),
    float8s(floats),
    byteas(bytes),
    texts(['a', null]),
    int8s([]),
  );
  expect(rows).toEqual([
    {
      n: numbers.filter((each) => each !== null),
      f: floats,
      b: bytes.map((each) => Buffer.from(each)),
      t: ['a', null],
      none: [],
    },
  ]);
  const nulls = await db.query<{ n: number | null }>(
    { text: 'SELECT unnest($1::bigint[]) AS n' },
    int8s(numbers),
  );
  expect(nulls.map(({ n }) => n)).toEqual(numbers);
});
