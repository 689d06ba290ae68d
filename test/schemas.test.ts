import { describe, expect, it } from 'vitest';
import { ShimError } from '../src/errors.js';
import { compileSchema, readSchema } from '../src/schemas.js';

const file = {
  type: 'object',
  required: ['id', 'status'],
  properties: { id: { type: 'string', minLength: 1 }, status: { type: 'string' } },
} as const;
const list = { type: 'array', minItems: 1, items: file } as const;

describe('compileSchema', () => {
  it('gives one shared empty list for what satisfies the schema', () => {
    const check = compileSchema(list);
    expect(check([{ id: '1', status: 'x' }])).toEqual([]);
    expect(check([{ id: '1', status: 'x' }])).toBe(check([{ id: '2', status: 'y' }]));
    expect(Object.isFrozen(check([{ id: '1', status: 'x' }]))).toBe(true);
  });

  it('says what is wrong, where and by which keyword', () => {
    expect(compileSchema(list)([{ id: '', status: 'x' }, { id: 1 }])).toEqual([
      {
        path: '/0/id',
        keyword: 'minLength',
        message: 'must NOT have fewer than 1 characters',
        params: { limit: 1 },
      },
      {
        path: '/1',
        keyword: 'required',
        message: "must have required property 'status'",
        params: { missingProperty: 'status' },
      },
      { path: '/1/id', keyword: 'type', message: 'must be string', params: { type: 'string' } },
    ]);
    expect(compileSchema(list)(null)).toMatchObject([{ path: '', keyword: 'type' }]);
  });

  it('returns so many faults and no more', () => {
    const bad = Array.from({ length: 1000 }, () => ({ id: 1 }));
    expect(compileSchema(list)(bad)).toHaveLength(20);
    expect(compileSchema(list, { limit: 3 })(bad)).toHaveLength(3);
    expect(compileSchema(list, { limit: 1 })(bad)).toHaveLength(1);
  });

  it('collects no faults of a huge value beyond the first', () => {
    const bad = Array.from({ length: 200_000 }, () => 0);
    expect(compileSchema(list)(bad)).toMatchObject([{ path: '/0', keyword: 'type' }]);
  });

  it('cuts long keys of the sender short', () => {
    const [fault] = compileSchema({ additionalProperties: { type: 'string' } })({
      ['k'.repeat(1_000_000)]: 1,
    });
    expect(fault?.path.length).toBeLessThan(600);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'counts %s only where the value has it itself',
    (key) => {
      const check = compileSchema({
        type: 'object',
        required: [key],
        properties: { [key]: { type: 'string' } },
      });
      expect(check({})).toMatchObject([{ keyword: 'required' }]);
      expect(check({ [key]: 'mine' })).toEqual([]);
      expect(check({ [key]: 1 })).toMatchObject([{ keyword: 'type' }]);
    },
  );

  it('takes __proto__ for a key like others', () => {
    const check = compileSchema({ type: 'object', additionalProperties: false, properties: { a: {} } });
    expect(check(JSON.parse('{"__proto__": 1}'))).toMatchObject([{ keyword: 'additionalProperties' }]);
    expect(
      compileSchema({ type: 'object', required: ['id'] })(JSON.parse('{"__proto__": {"id": 1}}')),
    ).toMatchObject([{ keyword: 'required' }]);
  });

  it('never throws: what it cannot check is a fault', () => {
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(compileSchema({ items: { $ref: '#' } })(deep)).toMatchObject([{ keyword: 'unchecked' }]);
    expect(compileSchema({ const: { a: 1 } })({ valueOf: 1 })).toMatchObject([{ keyword: 'unchecked' }]);
  });

  it('follows references to other schemas', () => {
    const refs = [{ $id: 'urn:test:file', ...file }];
    const check = compileSchema({ items: { $ref: 'urn:test:file' } }, { refs });
    expect(check([{ id: '1', status: 'x' }])).toEqual([]);
    expect(check([{}])).toHaveLength(2);
  });

  it('keeps schemas with the same id apart', () => {
    const one = compileSchema({ $id: 'urn:test:same', type: 'string' });
    const two = compileSchema({ $id: 'urn:test:same', type: 'number' });
    expect([one('a'), two(1)]).toEqual([[], []]);
    expect([one(1), two('a')].map((faults) => faults.length)).toEqual([1, 1]);
  });

  it('checks formats, and leaves types and required keys as open as the schema does', () => {
    const check = compileSchema({
      required: ['a'],
      properties: { url: { format: 'uri' } },
      prefixItems: [{}],
    });
    expect(check({ a: 1, url: 'https://x.example/' })).toEqual([]);
    expect(check({ a: 1, url: 'not one' })).toMatchObject([{ path: '/url', keyword: 'format' }]);
  });

  it.each([
    [{ propertes: {} }, 'unknown keyword: "propertes"'],
    [{ type: 'objekt' }, '/type must be equal to one of the allowed values'],
    [{ properties: { a: { minLength: 'x' } } }, '/properties/a/minLength must be integer'],
    [{ pattern: '(' }, 'Invalid regular expression'],
    [{ format: 'nope' }, 'unknown format "nope"'],
    [{ $ref: '#/$defs/nope' }, "can't resolve reference #/$defs/nope"],
    [{ $async: true }, '"$async" is not supported'],
    [
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      'only "https://json-schema.org/draft/2020-12/schema"',
    ],
  ])('refuses %j and names the fault', (schema, message) => {
    expect(() => compileSchema(schema)).toThrow(ShimError);
    expect(() => compileSchema(schema)).toThrow(message);
  });
});

describe('readSchema', () => {
  it('reads from schemas/', () => {
    expect(readSchema('config.schema.json')).toMatchObject({ $id: 'urn:extracta-webhook-shim:config' });
  });

  it('throws where there is none', () => expect(() => readSchema('none.json')).toThrow('ENOENT'));
});
