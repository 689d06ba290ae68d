import type { Row } from './tables.js';

/** Rows, and about so many characters of text, in one transaction. */
const MOST = { rows: 500, size: 4 * 1024 * 1024 };

/** Cuts a stream of rows into batches, of which one row alone may be larger than the rest. */
export function* batches(rows: Iterable<Row>): Generator<readonly Row[]> {
  let batch: Row[] = [];
  let size = 0;
  for (const row of rows) {
    batch.push(row);
    for (const value of row) if (typeof value === 'string') size += value.length;
    if (batch.length < MOST.rows && size < MOST.size) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
