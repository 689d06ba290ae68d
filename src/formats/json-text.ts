/**
 * JSON as text: what must keep every digit, key and escape as it was written never becomes a JavaScript value.
 * A value would lose the digits of numbers, the order of integer-like keys, and repeated keys.
 * All functions here take text that `JSON.parse` has accepted. On other text those that read it come to an end or throw, but
 * what they find means nothing; `exceedsDepth` and `countUpTo` take any.
 */

export interface Member {
  readonly key: string;
  /** The key as it was written, with its quotes. */
  readonly rawKey: string;
  /** The text of the value. */
  readonly value: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Space, tab, line feed, carriage return: no other character of valid JSON outside strings is this small. */
const isSpace = (code: number): boolean => code <= 0x20;

export function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** @param at the opening quote. @returns the index after the closing one. */
export function skipString(text: string, at: number): number {
  let i = at + 1;
  for (;;) {
    const code = text.charCodeAt(i);
    if (code === QUOTE || i >= text.length) return i + 1;
    i += code === BACKSLASH ? 2 : 1;
  }
}

/** @returns the index after a number, `true`, `false` or `null`. */
export function skipLiteral(text: string, at: number): number {
  let i = at;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isSpace(code) || code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE) break;
  }
  return i;
}

function skipValue(text: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipString(text, i);
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      i++;
      continue;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
      i++;
    } else if (isSpace(code) || code === COMMA || code === COLON) {
      i++;
      continue;
    } else {
      i = skipLiteral(text, i);
    }
    if (depth === 0) break;
  }
  return i;
}

/** The text of each item of a JSON array. */
export function itemsOf(text: string): readonly string[] {
  const items: string[] = [];
  let i = skipSpace(text, skipSpace(text, 0) + 1);
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = skipValue(text, i);
    items.push(text.slice(i, end));
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
  return items;
}

/** The members of a JSON object, in their order, a repeated key as often as it stands there. */
export const membersOf = (text: string): readonly Member[] => [...eachMember(text)];

/** The same one by one: of very many only those that are looked at take memory. */
export function* eachMember(text: string): Generator<Member> {
  let i = skipSpace(text, skipSpace(text, 0) + 1);
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACE) {
    const keyEnd = skipString(text, i);
    const rawKey = text.slice(i, keyEnd);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    yield { key: unquote(rawKey), rawKey, value: text.slice(start, end) };
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
  }
}

/** The text of one member of a JSON object; of a repeated key the last, as `JSON.parse` has it. */
export function memberOf(text: string, key: string): string | undefined {
  return membersOf(text).findLast((member) => member.key === key)?.value;
}

/** The string that a JSON string literal spells. */
export function unquote(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

/** The same JSON without the white space between its tokens. */
export function compact(text: string): string {
  let out = '';
  let from = 0;
  let i = 0;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipString(text, i);
    } else if (isSpace(code)) {
      out += text.slice(from, i);
      i = skipSpace(text, i);
      from = i;
    } else {
      i++;
    }
  }
  return from === 0 ? text : out + text.slice(from);
}

/**
 * Lone surrogates have no UTF-8 form. In valid JSON they stand only inside strings, where the escape says the same,
 * so that what is sent parses to what came.
 */
export function escapeLoneSurrogates(text: string): string {
  if (text.isWellFormed()) return text;
  return text.replace(/\p{Surrogate}/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Deeper nesting than any document has; far below what recursion over it could not bear. */
const MAX_DEPTH = 256;

/** Whether arrays and objects are nested more than `MAX_DEPTH` deep. */
export function exceedsDepth(text: string): boolean {
  // Most texts have too few brackets in all to be that deep: counting them is native speed.
  if (countUpTo(text, '[', MAX_DEPTH) + countUpTo(text, '{', MAX_DEPTH) <= MAX_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = skipString(text, i) - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
  return false;
}

/** How often a character stands in a text; where that is more than `max`, a number above it. */
export function countUpTo(text: string, character: string, max: number): number {
  let count = 0;
  for (let i = text.indexOf(character); i !== -1 && count <= max; i = text.indexOf(character, i + 1)) count++;
  return count;
}
