import { createHash } from 'node:crypto';
import type { Kind, Row, Value } from './tables.js';

/** How much a table holds, and what: equal for equal rows, in whatever order they were looked at. */
export interface Digest {
  readonly rows: number;
  /** 128 bits, as hex. */
  readonly digest: string;
}

const HALF = 64n;

/**
 * Adds up the hashes of rows. What was removed meanwhile cannot tell its day any more, so of a `ref` only the number
 * counts.
 *
 * @param numberOf the number within an id
 */
export function createDigest(
  kinds: readonly Kind[],
  numberOf: (id: number) => number,
): { add(row: Row): void; result(): Digest } {
  let rows = 0;
  let high = 0n;
  let low = 0n;
  const essence = (value: Value, index: number): Value =>
    kinds[index] === 'ref' && typeof value === 'number' ? numberOf(value) : value;
  return {
    add: (row) => {
      const hash = createHash('sha256')
        .update(JSON.stringify(row.map(essence)))
        .digest();
      rows += 1;
      high = BigInt.asUintN(64, high + hash.readBigUInt64BE(0));
      low = BigInt.asUintN(64, low + hash.readBigUInt64BE(8));
    },
    result: () => ({ rows, digest: ((high << HALF) | low).toString(16).padStart(32, '0') }),
  };
}
