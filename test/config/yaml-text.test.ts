// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Path } from '../../src/config/path.js';
import { readYaml } from '../../src/config/yaml-text.js';
import { anyText } from '../support/any-text.js';

const faults = (text: string) =>
  readYaml(text).faults.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe('readYaml', () => {
  it('reads YAML and JSON', () => {
    expect(readYaml('a: [1, x]\nb: {c: true}').value).toEqual({ a: [1, 'x'], b: { c: true } });
    expect(readYaml('{"a": [1, "x"]}').value).toEqual({ a: [1, 'x'] });
  });

  it('follows anchors and merges', () => {
    expect(readYaml('a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: *a').value).toEqual({
      a: { x: 1 },
      b: { x: 1, y: 2 },
      c: { x: 1 },
    });
  });

  it.each<[Path, 'key' | 'value', number, number]>([
    [['a'], 'value', 1, 4],
    [['b'], 'key', 2, 1],
    [['b', 'list', 1], 'value', 4, 8],
    [['b', 'list', 1, 'c'], 'value', 4, 12],
    [['b', 'nothing'], 'value', 5, 3],
    [['b', 'missing'], 'value', 3, 3],
    [['alias', 'c'], 'value', 6, 22],
    [[], 'value', 1, 1],
  ])('knows where %j is (%s)', (path, what, line, column) => {
    const text = 'a: 1\nb:\n  list:\n   [1, {c: 1}]\n  nothing:\nanchor: &x {a: 1, c: 2}\nalias: *x\n';
    expect(readYaml(text).positionOf(path, what)).toEqual({ line, column });
  });

  it('lists each break of the syntax with its place', () => {
    expect(faults('a: [1}\nb: "x" y\nc: @z').map((each) => each.slice(0, 3))).toEqual(['1:6', '2:8', '3:4']);
    expect(faults('a:\n\tb: 1')).toEqual(['2:1 is not YAML: Tabs are not allowed as indentation']);
    expect(readYaml('a: [1').value).toBeUndefined();
  });

  it('lists each duplicate key and reads on', () => {
    const { value, faults } = readYaml('{a: 1, a: 2, b: 3, b: 4}');
    expect(faults.map(({ column }) => column)).toEqual([8, 20]);
    expect(value).toBeDefined();
  });

  it('says that a reference needs quotes in braces', () => {
    expect(faults('server: { port: ${PORT} }')).toEqual(['1:18 put quotes around it: "${NAME}"']);
  });

  it.each([
    ['', /is empty/],
    ['# nothing but a comment', /is empty/],
    ['a: 1\n---\nb: 2', /2:\d+ holds a second document/],
    ['a: *x', /1:4 is an alias without its anchor/],
    ['a: &a [*a]', /contains itself/],
    ['a: !include x', /1:4 is an unknown tag/],
    ['? [a]\n: b', /keys must be strings/],
  ])('refuses %j', (text, message) => expect(faults(text).join('\n')).toMatch(message));

  it.each([
    ['[', 20_000],
    ['- ', 20_000],
    ['{a: ', 10_000],
    ['? ', 10_000],
  ])('refuses %j repeated %i times with its place, and lives', (part, times) => {
    expect(faults(part.repeat(times))).toEqual([
      expect.stringMatching(/^1:\d+ is nested deeper than 100 levels$/),
    ]);
  });

  it.each(['', '<<: '])('refuses aliases that multiply (%j)', (merge) => {
    const lines = ['a0: &a0 {x: 1}'];
    for (let i = 1; i < 20; i++) {
      const list = `[${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`;
      lines.push(merge === '' ? `a${i}: &a${i} ${list}` : `a${i}: &a${i} {<<: ${list}, k${i}: 1}`);
    }
    expect(faults(lines.join('\n'))).toEqual([expect.stringMatching(/Excessive alias count/)]);
  });

  it('keeps keys such as __proto__ as data', () => {
    const { value } = readYaml('__proto__: {polluted: 1}\nconstructor: 2');
    expect(Object.keys(value ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each([
    '|s3cret',
    '"\\s3cret"',
    '*s3cret',
    '!s3cret x',
    '%s3cret',
    '@s3cret',
    '`s3cret',
    '{s3cret',
    's3cret: s3cret: x',
  ])('repeats nothing of a value that breaks it: %s', (value) => {
    for (const text of [`a: ${value}`, value, `a: [${value}`, `a: |\n ${value}\nb`]) {
      expect(faults(text).join('\n')).not.toContain('s3cret');
    }
  });

  it('never throws, and says something or gives a value', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'ab:-?[]{},&*!|>%@`"\'#\n\t \\<0') });
    fc.assert(
      fc.property(fc.oneof(soup, anyText), (text) => {
        const read = readYaml(text);
        expect(read.value !== undefined || read.faults.length > 0).toBe(true);
        for (const { line, column } of read.faults) expect(Math.min(line, column)).toBeGreaterThan(0);
        read.positionOf(['a', 0, 'b'], 'key');
      }),
      { numRuns: 300 },
    );
  });
});
