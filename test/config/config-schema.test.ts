import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/config/duration.js';
import { isRecord } from '../../src/config/path.js';
import { parseSize } from '../../src/config/size.js';
import { compileSchema, readSchema } from '../../src/schemas.js';
import { load } from '../support/config.js';

type Node = Readonly<Record<string, unknown>>;

interface Key {
  readonly path: string;
  readonly node: Node;
  /** A key that a file may hold, and not the entry of a list or the like. */
  readonly isKey: boolean;
  readonly isRequired: boolean;
}

function keysOf(node: Node, path: string): readonly Key[] {
  const { properties, items, additionalProperties } = node;
  const required = Array.isArray(node.required) ? node.required : [];
  const own = isRecord(properties) ? Object.entries(properties) : [];
  const children: readonly Key[] = [
    ...own.map(([key, child]) => ({
      path: `${path}.${key}`,
      node: isRecord(child) ? child : {},
      isKey: true,
      isRequired: required.includes(key),
    })),
    ...[items, additionalProperties]
      .filter(isRecord)
      .map((child) => ({ path: `${path}[]`, node: child, isKey: false, isRequired: false })),
  ];
  return children.flatMap((child) => [child, ...keysOf(child.node, child.path)]);
}

const schema = readSchema('config.schema.json');
const root: Node = typeof schema === 'object' ? schema : {};
const keys = keysOf(root, '');

describe('schemas/config.schema.json', () => {
  it('describes each key', () => {
    expect(keys.length).toBeGreaterThan(50);
    expect(keys.filter(({ isKey, node }) => isKey && !node.description).map(({ path }) => path)).toEqual([]);
  });

  it('refuses unknown keys everywhere', () => {
    const open = keys.filter(
      ({ node }) =>
        node.type === 'object' && node.additionalProperties !== false && !isRecord(node.additionalProperties),
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });

  it('names each default in its description, for whoever reads only that', () => {
    for (const { path, node } of keys) {
      const value = node.default;
      const texts = (Array.isArray(value) ? value : [value]).filter(
        (each) => each !== undefined && !isRecord(each),
      );
      for (const each of texts) {
        const named = each === '' ? 'empty' : each === '*' ? 'all' : String(each);
        expect([path, node.description]).toEqual([path, expect.stringMatching(/Default/)]);
        expect([path, node.description]).toEqual([path, expect.stringContaining(named)]);
      }
    }
  });

  it('says for text of a form what it is called and what it looks like', () => {
    for (const { path, node } of keys.filter((each) => each.node.pattern !== undefined)) {
      expect([path, typeof node.title]).toEqual([path, 'string']);
      expect([path, Array.isArray(node.examples) && node.examples.length > 0]).toEqual([path, true]);
    }
  });

  it('accepts its own examples and defaults', () => {
    for (const { path, node } of keys) {
      const check = compileSchema(node);
      const values = [
        ...(Array.isArray(node.examples) ? node.examples : []),
        ...('default' in node ? [node.default] : []),
      ];
      for (const value of values) expect([path, value, check(value)]).toEqual([path, value, []]);
    }
    const [example] = Array.isArray(root.examples) ? root.examples : [];
    const env = { EXTRACTA_WEBHOOK_SECRET: 'E_AI_K_b25l', HANDLER_URL: 'http://handler.example' };
    expect(load(JSON.stringify(example), { env }).config.sources).toHaveLength(1);
  });

  it.each([
    ['duration', parseDuration],
    ['size', parseSize],
  ])('takes what the code reads as a %s, and nothing else', (title, parse) => {
    const nodes = keys.filter(({ node }) => node.title === title).map(({ node }) => node);
    expect(nodes.length).toBeGreaterThan(0);
    for (const { pattern } of nodes) {
      const form = new RegExp(String(pattern), 'u');
      const near = fc.string({
        unit: fc.constantFrom('0', '1', '9', 'm', 's', 'h', 'd', 'k', 'K', 'b', 'M', 'B', ' ', '.', '\n'),
        maxLength: 6,
      });
      fc.assert(
        fc.property(near, (text) => {
          // Zero needs no unit, but where it is no sound value anyway.
          fc.pre(text !== '0');
          expect([text, form.test(text)]).toEqual([text, parse(text) !== undefined]);
        }),
        { numRuns: 1000 },
      );
    }
  });
});
