import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../src/migration/fields.js';
import { jsonText } from '../support/json-text.js';

const of = (text: string): readonly string[] => fieldsOf(JSON.parse(text));

describe('fieldsOf', () => {
  it('names every member of every object, whatever the index', () => {
    expect(
      of(
        '{"total":1,"items":[{"price":1},{"price":2,"name":null}],"tags":["a"],"odd key":{"x":[[{"y":1}]]}}',
      ),
    ).toEqual([
      '["odd key"]',
      '["odd key"].x',
      '["odd key"].x[][].y',
      'items',
      'items[].name',
      'items[].price',
      'tags',
      'total',
    ]);
    expect(of('[{"a":1},{"b":2}]')).toEqual(['[].a', '[].b']);
  });

  it.each(['1', 'null', '"a"', '[]', '{}', '[[],[1]]'])('finds none in %s', (text) =>
    expect(of(text)).toEqual([]),
  );

  it('takes keys for data', () => {
    expect(of('{"__proto__":{"constructor":1},"":1,"[]":{"a":1}}')).toEqual([
      '[""]',
      '["[]"]',
      '["[]"].a',
      '__proto__',
      '__proto__.constructor',
    ]);
  });

  it('lists each once, sorted, for any JSON', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const fields = of(text);
        expect(fields).toEqual([...new Set(fields)].sort());
        expect(of(`[${text},${text}]`)).toHaveLength(fields.length);
      }),
    );
  });

  it('stops at 500 fields, and keeps the outermost', () => {
    const wide = (count: number, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
    const fields = fieldsOf({ deep: wide(1_000, wide(1_000, 1)), total: 1 });
    expect(fields).toHaveLength(500);
    expect(fields).toContain('total');
    expect(fields.some((path) => path.split('.').length > 2)).toBe(false);
  });

  it('takes keys for one that only differ where they are cut', () => {
    const key = 'k'.repeat(100);
    expect(fieldsOf({ [`${key}1`]: 1, [`${key}2`]: 1 })).toHaveLength(1);
  });

  it('stops at 16 levels, and cuts long keys', () => {
    const deep = of(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`);
    expect(deep).toHaveLength(16);
    expect(of(JSON.stringify({ ['k'.repeat(100_000)]: 1 }))[0]?.length).toBeLessThan(100);
  });
});
