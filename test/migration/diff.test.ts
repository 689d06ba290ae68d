import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/formats/canonical-json.js';
import { classOf, type Difference, diffJson, isHarmless } from '../../src/migration/diff.js';
import { jsonText, numberText } from '../support/json-text.js';

const item = (path: string, kind: Difference['kind'], legacy: string | null, recent: string | null) => ({
  path,
  kind,
  legacy,
  new: recent,
});

/** Mostly related texts: two at random differ at once, and then say nothing of what lies deeper. */
const related = jsonText.chain((text) =>
  fc.tuple(
    fc.constant(text),
    fc.oneof(
      jsonText,
      fc.array(fc.tuple(fc.nat(), numberText), { maxLength: 3 }).map((edits) =>
        edits.reduce((all, [at, number]) => {
          const numbers = [...all.matchAll(/(?<=[[:,\s])-?\d[\d.eE+-]*(?=[\s,\]}])/g)];
          const chosen = numbers[at % Math.max(1, numbers.length)];
          if (chosen === undefined) return all;
          const edited = all.slice(0, chosen.index) + number + all.slice(chosen.index + chosen[0].length);
          return isJson(edited) ? edited : all;
        }, text),
      ),
    ),
  ),
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const counted = (kinds: readonly string[]): readonly string[] => [...kinds].sort();

/** A value with numbers as cents, so that it can be written in several ways. */
type Model = { readonly cents: number } | string | readonly Model[] | { readonly members: [string, Model][] };
const { model } = fc.letrec<{ model: Model }>((tie) => ({
  model: fc.oneof(
    { maxDepth: 4 },
    fc.record({ cents: fc.integer({ min: 0, max: 300 }) }),
    fc.constantFrom('a', 'b'),
    fc.array(tie('model'), { maxLength: 4 }),
    fc.record({
      members: fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '__proto__', '1'), tie('model')), {
        selector: ([key]) => key,
      }),
    }),
  ),
}));

/** Writes it with everything harmless left to chance: order of keys and items, spelling of numbers. */
function spell(value: Model, random: () => number): string {
  const shuffled = <T>(list: readonly T[]): T[] =>
    list
      .map((each) => [random(), each] as const)
      .sort(([a], [b]) => a - b)
      .map(([, each]) => each);
  if (typeof value === 'string') return JSON.stringify(value);
  if ('cents' in value) {
    const spellings = [(value.cents / 100).toFixed(2), `${value.cents}e-2`, String(value.cents / 100)];
    return spellings[Math.floor(random() * 3)] ?? '';
  }
  if ('members' in value) {
    return `{${shuffled(value.members)
      .map(([key, member]) => `${JSON.stringify(key)}:${spell(member, random)}`)
      .join(',')}}`;
  }
  return `[${shuffled(value)
    .map((each) => spell(each, random))
    .join(', ')}]`;
}

const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
};

describe('diffJson', () => {
  it('finds nothing exactly where the canonical forms are equal', () => {
    fc.assert(
      fc.property(related, ([a, b]) => {
        expect(diffJson(a, b).length === 0).toBe(canonicalJson(a) === canonicalJson(b));
        expect(diffJson(a, a)).toEqual([]);
        expect(diffJson(a, canonicalJson(a))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('swaps missing and extra, and nothing else, when the sides are swapped', () => {
    const swap = { missing: 'extra', extra: 'missing' } as const;
    fc.assert(
      fc.property(related, ([a, b]) => {
        const there = diffJson(a, b);
        const back = diffJson(b, a).map((each) => ({
          ...item(each.path, each.kind, each.new, each.legacy),
          kind: each.kind === 'missing' || each.kind === 'extra' ? swap[each.kind] : each.kind,
        }));
        const tell = (all: readonly Difference[]) =>
          counted(all.map((each) => JSON.stringify({ ...each, path: '' })));
        expect(tell(back)).toEqual(tell(there));
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds only harmless differences where only order and spelling differ, at any depth', () => {
    fc.assert(
      fc.property(model, fc.nat(), fc.nat(), (value, one, two) => {
        const found = diffJson(spell(value, randomFrom(one)), spell(value, randomFrom(two)));
        expect(found.filter((each) => !isHarmless(each.kind))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds a harmful difference wherever a value changed, whatever else is rearranged', () => {
    fc.assert(
      fc.property(model, fc.nat(), fc.nat(), (value, one, two) => {
        const legacy = spell(['mark', value], randomFrom(one));
        const recent = spell(['mark!', value], randomFrom(two));
        expect(isHarmless(classOf(diffJson(legacy, recent)))).toBe(false);
      }),
    );
  });

  it('names the place and says what stands there on both sides', () => {
    const legacy =
      '{"items":[{"price":100.00,"name":"Tea"}],"odd key":1,"__proto__":{"x":true},"gone":[1, 2]}';
    const recent = '{"__proto__":{"x":false},"odd key":{},"items":[{"name":"Tea","price":100}],"größe":null}';
    expect(diffJson(legacy, recent)).toEqual([
      item('items[0].price', 'number', '100.00', '100'),
      item('["odd key"]', 'value', '1', '{}'),
      item('__proto__.x', 'value', 'true', 'false'),
      item('gone', 'missing', '[1,2]', null),
      item('größe', 'extra', null, 'null'),
    ]);
  });

  it.each<[string, string, string, readonly Difference[]]>([
    ['the whole', '1', '"1"', [item('', 'value', '1', '"1"')]],
    [
      'numbers beyond doubles',
      '12345678901234567890',
      '12345678901234567891',
      [item('', 'value', '12345678901234567890', '12345678901234567891')],
    ],
    ['minus zero', '[-0]', '[0]', [item('[0]', 'number', '-0', '0')]],
    ['the order of keys', '{"a":1,"b":2}', '{"b":2,"a":1}', []],
    ['the last of a repeated key', '{"a":1,"a":2}', '{"a":2}', []],
    ['the spelling of a string', '"\\u00e9\\/"', '"é/"', []],
    [
      'an array in another order, once',
      '[1,[2],{"a":3}]',
      '[{"a":3},1,[2]]',
      [item('', 'order', '[1,[2],{"a":3}]', '[{"a":3},1,[2]]')],
    ],
    ['the same items another number of times', '[1,1,2]', '[1,2,2]', [item('[1]', 'value', '1', '2')]],
    [
      'order and spelling together',
      '[{"a":1.0},2]',
      '[2.00,{"a":1}]',
      [
        item('', 'order', '[{"a":1.0},2]', '[2.00,{"a":1}]'),
        item('[0].a', 'number', '1.0', '1'),
        item('[1]', 'number', '2', '2.00'),
      ],
    ],
    [
      'items at the end',
      '[1]',
      '[1,2,3]',
      [item('[1]', 'extra', null, '2'), item('[2]', 'extra', null, '3')],
    ],
    ['one item put in at the front', '[1,2,3]', '[0,1,2,3]', [item('[0]', 'extra', null, '0')]],
    ['one item left out', '["a","b","c"]', '["a","c"]', [item('[1]', 'missing', '"b"', null)]],
    ['null, which is not nothing', '{"a":null}', '{}', [item('a', 'missing', 'null', null)]],
    [
      'an empty key and an index-like one',
      '{"":1,"0":1}',
      '{"":2,"0":2}',
      [item('[""]', 'value', '1', '2'), item('["0"]', 'value', '1', '2')],
    ],
  ])('tells %s', (_name, legacy, recent, differences) => {
    expect(diffJson(legacy, recent)).toEqual(differences);
  });

  it('keeps the gravest class however many harmless differences there are', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => index + 1);
    const legacy = `[${many.map((n) => `${n}.0`).join()},"a"]`;
    const recent = `[${many.join()},"b"]`;
    const found = diffJson(legacy, recent);
    expect(found.length).toBe(21);
    expect(classOf(found)).toBe('value');
  });

  it('bounds what it returns', () => {
    const key = 'k'.repeat(100_000);
    const deep = (value: string) => `${`{"${key}":`.repeat(50)}${value}${'}'.repeat(50)}`;
    const [found] = diffJson(deep('1'), deep(JSON.stringify(`x${'🧾'.repeat(100_000)}`)));
    expect(found?.path.length).toBeLessThanOrEqual(400);
    expect(found?.legacy).toBe('1');
    expect(found?.new?.length).toBeLessThanOrEqual(200);
    expect(found?.new?.isWellFormed()).toBe(true);
    const whole = diffJson(`[${'[],'.repeat(100_000)}1]`, '{}')[0];
    expect(whole?.legacy).toMatch(/^(\[|\],|\[\],)+.*…$/);
  });

  it('reads nesting as deep as the formats allow', () => {
    const deep = (value: string) => `${'[{"a":'.repeat(128)}${value}${'}]'.repeat(128)}`;
    expect(classOf(diffJson(deep('1'), deep('2')))).toBe('value');
    expect(classOf(diffJson(deep('1'), deep('1.0')))).toBe('number');
  });
});

describe('classOf', () => {
  const of = (...kinds: Difference['kind'][]) => classOf(kinds.map((kind) => item('', kind, '1', '2')));
  it('is the gravest', () => {
    expect(of()).toBe('same');
    expect(of('order')).toBe('order');
    expect(of('order', 'number')).toBe('number');
    expect(of('number', 'extra', 'order')).toBe('extra');
    expect(of('extra', 'missing')).toBe('missing');
    expect(of('missing', 'value', 'extra')).toBe('value');
  });

  it('is harmless where nothing is lost or changed', () => {
    expect((['same', 'order', 'number'] as const).every(isHarmless)).toBe(true);
    expect((['value', 'missing', 'extra'] as const).some(isHarmless)).toBe(false);
  });
});
