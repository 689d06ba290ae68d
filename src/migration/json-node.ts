import { canonicalJson } from '../formats/canonical-json.js';
import { type Cursor, hasNext, take } from '../formats/json-cursor.js';
import { skipLiteral, skipSpace, skipString } from '../formats/json-text.js';
import { decimalOf } from './decimal.js';

/**
 * A JSON value read from text, with every digit. What one reader reads with the same canonical form is the same node,
 * so that `===` compares whole values and a value that is repeated is held once.
 */
export type JsonNode = {
  readonly id: number;
  /** The same for values that differ in nothing but the order of arrays and the spelling of numbers. */
  readonly essence: number;
} & (
  | {
      readonly kind: 'object';
      /** By the canonical text of the key, with its quotes; of a repeated key the last. */
      readonly members: ReadonlyMap<string, JsonNode>;
    }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  /** Its spelling. */
  | { readonly kind: 'number'; readonly text: string }
  /** The canonical text of a string, `true`, `false` or `null`. */
  | { readonly kind: 'other'; readonly text: string }
);

/** @returns a reader of JSON that `JSON.parse` accepts, not nested deeper than `MAX_DEPTH`. Linear in the text. */
export function createNodeReader(): (text: string) => JsonNode {
  const nodes = new Map<string, JsonNode>();
  const essences = new Map<string, number>();

  const essenceOf = (key: string): number => {
    const known = essences.get(key) ?? essences.size;
    essences.set(key, known);
    return known;
  };

  /** @param key tells the value from every other */
  const intern = (key: string, make: (id: number) => JsonNode): JsonNode => {
    const known = nodes.get(key);
    if (known !== undefined) return known;
    const node = make(nodes.size);
    nodes.set(key, node);
    return node;
  };

  const readObject = (cursor: Cursor): JsonNode => {
    const members = new Map<string, JsonNode>();
    while (hasNext(cursor, '}')) {
      const key = canonicalJson(take(cursor, skipString));
      cursor.at = skipSpace(cursor.text, cursor.at) + 1; // the colon
      members.set(key, read(cursor));
    }
    const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
    return intern(`{${sorted.map(([key, node]) => `${key}:${node.id}`).join()}`, (id) => ({
      id,
      essence: essenceOf(`{${sorted.map(([key, node]) => `${key}:${node.essence}`).join()}`),
      kind: 'object',
      members,
    }));
  };

  const readArray = (cursor: Cursor): JsonNode => {
    const items: JsonNode[] = [];
    while (hasNext(cursor, ']')) items.push(read(cursor));
    return intern(`[${items.map((node) => node.id).join()}`, (id) => ({
      id,
      essence: essenceOf(
        `[${Uint32Array.from(items, (node) => node.essence)
          .sort()
          .join()}`,
      ),
      kind: 'array',
      items,
    }));
  };

  const read = (cursor: Cursor): JsonNode => {
    cursor.at = skipSpace(cursor.text, cursor.at);
    const first = cursor.text[cursor.at] ?? '';
    if (first === '{') return readObject(cursor);
    if (first === '[') return readArray(cursor);
    const text = canonicalJson(take(cursor, first === '"' ? skipString : skipLiteral));
    return intern(text, (id) =>
      /[-\d]/.test(first)
        ? { id, essence: essenceOf(decimalOf(text)), kind: 'number', text }
        : { id, essence: essenceOf(text), kind: 'other', text },
    );
  };

  return (text) => read({ text, at: 0 });
}

/** A node as compact JSON, at least up to `enough` UTF-16 units of it. */
export function writeNode(node: JsonNode, enough: number): string {
  let out = '';
  const write = (each: JsonNode): void => {
    if (each.kind === 'number' || each.kind === 'other') {
      out += each.text.slice(0, enough);
      return;
    }
    const isArray = each.kind === 'array';
    out += isArray ? '[' : '{';
    let between = '';
    for (const [key, child] of isArray ? each.items.entries() : each.members) {
      if (out.length >= enough) return;
      out += between;
      if (typeof key === 'string') out += `${key.slice(0, enough)}:`;
      write(child);
      between = ',';
    }
    out += isArray ? ']' : '}';
  };
  write(node);
  return out;
}
