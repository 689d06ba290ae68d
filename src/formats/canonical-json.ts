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
 * are therefore spelt as JavaScript spells them.
 */
export function canonicalValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalItems(value) : canonicalMembers(value);
    default:
      return String(value);
  }
}

function canonicalItems(items: readonly unknown[]): string {
  let out = '';
  for (const item of items) out += out === '' ? canonicalValue(item) : `,${canonicalValue(item)}`;
  return `[${out}]`;
}

function canonicalMembers(object: object): string {
  const members = object as Readonly<Record<string, unknown>>;
  let out = '';
  for (const key of sorted(Object.keys(object))) {
    out += `${out === '' ? '' : ','}${quote(key)}:${canonicalValue(members[key])}`;
  }
  return `{${out}}`;
}

/** By UTF-16 code units, which is what `<` compares and what `sort` does. Most keys come in few orders: look first. */
function sorted(keys: string[]): readonly string[] {
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return keys.sort();
  }
  return keys;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be escaped
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;
const quote = (text: string): string => (NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`);

/** Where the reading stands: one pass, whatever the nesting. */
interface Cursor {
  readonly text: string;
  at: number;
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
  while (enter(cursor, ']')) out += out === '' ? write(cursor) : `,${write(cursor)}`;
  return `[${out}]`;
}

function writeObject(cursor: Cursor): string {
  const members = new Map<string, string>();
  while (enter(cursor, '}')) {
    const key = canonicalString(take(cursor, skipString));
    cursor.at = skipSpace(cursor.text, cursor.at) + 1; // the colon
    members.set(key, write(cursor));
  }
  const keys = [...members.keys()];
  if (keys.length > 1) keys.sort(byUnquoted);
  return `{${keys.map((key) => `${key}:${members.get(key)}`).join(',')}}`;
}

/** Steps over the opening bracket or the comma, and over the closing one. @returns whether another item follows. */
function enter(cursor: Cursor, close: string): boolean {
  const { text } = cursor;
  let at = skipSpace(text, cursor.at);
  const ended = text[at] === close;
  if (!ended) {
    at = skipSpace(text, at + 1);
    if (text[at] !== close || at >= text.length) {
      cursor.at = at;
      return at < text.length;
    }
  }
  cursor.at = at + 1;
  return false;
}

function take(cursor: Cursor, skip: (text: string, at: number) => number): string {
  const from = cursor.at;
  cursor.at = skip(cursor.text, from);
  return cursor.text.slice(from, cursor.at);
}

const canonicalString = (literal: string): string =>
  literal.includes('\\') || !literal.isWellFormed() ? JSON.stringify(unquote(literal)) : literal;

function byUnquoted(a: string, b: string): number {
  const [left, right] = [unquote(a), unquote(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
