import { cut } from './cut.js';

/** Keys are the sender's and can be megabytes long; so many UTF-16 units of one tell which it is. */
const LONGEST_KEY = 80;
const IDENTIFIER = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u;

/** A member's key as a step of a path: `.price`, or `["odd key"]` where it is no identifier. A long key is cut. */
export function keyStep(key: string): string {
  if (key.length <= LONGEST_KEY && IDENTIFIER.test(key)) return `.${key}`;
  return `[${JSON.stringify(cut(key, LONGEST_KEY))}]`;
}

/** Steps as they are read: `items[0].price`; `''` for the whole. */
export function pathOf(steps: readonly string[]): string {
  const path = steps.join('');
  return path.startsWith('.') ? path.slice(1) : path;
}
