import { skipSpace } from './json-text.js';

/** Where the reading of JSON text stands: one pass, whatever the nesting. */
export interface Cursor {
  readonly text: string;
  at: number;
}

/** Steps over what stands before the next item, or over the closing bracket. @returns whether an item follows. */
export function hasNext(cursor: Cursor, close: string): boolean {
  const { text } = cursor;
  // Before the first item stands the opening bracket, before the others a comma.
  let at = skipSpace(text, cursor.at);
  if (text[at] !== close) at = skipSpace(text, at + 1);
  const follows = at < text.length && text[at] !== close;
  cursor.at = follows ? at : at + 1;
  return follows;
}

/** The text from here to where `skip` ends, which is stepped over. */
export function take(cursor: Cursor, skip: (text: string, at: number) => number): string {
  const from = cursor.at;
  cursor.at = skip(cursor.text, from);
  return cursor.text.slice(from, cursor.at);
}
