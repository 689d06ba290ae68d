import { type Cursor, hasNext, take } from './json-cursor.js';
import { skipLiteral, skipSpace, skipString, unquote } from './json-text.js';

/**
 * The canonical form of JSON text (protocol section 6): keys sorted by their UTF-16 code units, no white space,
 * numbers as they were written, strings as `JSON.stringify` writes them, of a repeated key the last. Two texts have
 * the same form exactly if they say the same and spell their numbers alike.
 *
 * @param text JSON that `JSON.parse` accepts, not nested deeper than `MAX_DEPTH`
 */
export function canonicalJson(text: string): string {
  return write({ text, at: 0 });
}

/**
 * The same form of a value, several times faster: for text that is exactly what `JSON.stringify` writes, whose numbers
 * are therefore spelt as JavaScript spells them. A copy with sorted keys is written by the engine itself.
 */
export function canonicalValue(value: unknown): string {
  const found = { oddKey: false };
  const sorted = withSortedKeys(value, found);
  return found.oddKey ? canonicalJson(JSON.stringify(value)) : JSON.stringify(sorted);
}

function withSortedKeys(value: unknown, found: { oddKey: boolean }): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(withSortedKeys(item, found));
    return items;
  }
  const members = value as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  for (const key of sortKeys(Object.keys(value))) {
    if (isOdd(key)) found.oddKey = true;
    else copy[key] = withSortedKeys(members[key], found);
  }
  return copy;
}

/** Keys that a JavaScript object does not hold as any other, or not in the order in which they were set. */
const isOdd = (key: string): boolean => key === '__proto__' || (key >= '0' && key < ':');

/** By UTF-16 code units. The few keys that most objects have are sorted in place several times faster than by `sort`. */
function sortKeys(keys: string[]): readonly string[] {
  if (keys.length > 12) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] ?? '';
    let at = i;
    for (let before = keys[at - 1]; before !== undefined && before > key; before = keys[at - 1])
      keys[at--] = before;
    keys[at] = key;
  }
  return keys;
}

function write(cursor: Cursor): string {
  cursor.at = skipSpace(cursor.text, cursor.at);
  switch (cursor.text[cursor.at]) {
    case '{':
      return writeObject(cursor);
    case '[':
      return writeArray(cursor);
    case '"':
      return canonicalString(take(cursor, skipString));
    default:
      return take(cursor, skipLiteral);
  }
}

function writeArray(cursor: Cursor): string {
  let out = '';
  while (hasNext(cursor, ']')) out += out === '' ? write(cursor) : `,${write(cursor)}`;
  return `[${out}]`;
}

function writeObject(cursor: Cursor): string {
  const members = new Map<string, string>();
  while (hasNext(cursor, '}')) {
    const key = canonicalString(take(cursor, skipString));
    cursor.at = skipSpace(cursor.text, cursor.at) + 1; // the colon
    members.set(key, write(cursor));
  }
  const keys = [...members.keys()];
  if (keys.length > 1) keys.sort(byUnquoted);
  return `{${keys.map((key) => `${key}:${members.get(key)}`).join(',')}}`;
}

const canonicalString = (literal: string): string =>
  literal.includes('\\') || !literal.isWellFormed() ? JSON.stringify(unquote(literal)) : literal;

/** No two of them are the same. */
const byUnquoted = (a: string, b: string): number => (unquote(a) < unquote(b) ? -1 : 1);
