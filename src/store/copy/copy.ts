import { batches } from './batches.js';
import { createDigest, type Digest } from './digest.js';
import type { CopySource, CopyTarget } from './ports.js';
import { type Row, TABLE_NAMES, type TableName, tableOf } from './tables.js';

export interface CopyReport {
  readonly from: string;
  readonly to: string;
  /** A service goes on with the source: what it does from now on is not in the copy. */
  readonly served: boolean;
  readonly tables: readonly CopiedTable[];
  /** All is there, nothing of it differs, and a service may begin on it. */
  readonly complete: boolean;
}

interface CopiedTable {
  readonly table: TableName;
  readonly source: Digest;
  readonly target: Digest;
  readonly same: boolean;
}

/** Called after each batch, and now and then while reading. What it throws ends the copy, which can be gone on with. */
export type OnProgress = (what: 'copied' | 'compared', table: TableName, rows: number) => void;

/**
 * Copies what a target does not have yet, brings what changed up to date, and then reads both sides to compare them.
 * It can be ended at any moment, and goes on when it is called again.
 *
 * @throws StoreError; ShimError where the target is no place for this copy
 */
export async function copyStore(
  source: CopySource,
  target: CopyTarget,
  { onProgress, numberOf }: { readonly onProgress: OnProgress; readonly numberOf: (id: number) => number },
): Promise<CopyReport> {
  const resumed = await target.begin(source.name);
  for (const table of TABLE_NAMES) {
    await copyTable(source, target, table, (rows) => onProgress('copied', table, rows));
  }
  if (resumed) {
    await followRetention(source, target);
    await target.renewDead((number) => deliveryOf(source, number));
  }
  await target.advance(source.lastNumbers());

  const tables: CopiedTable[] = [];
  for (const table of TABLE_NAMES) {
    const count = counter((rows) => onProgress('compared', table, rows));
    const expected = digestOf(source, table, numberOf, count);
    const found = await target.digest(table, count);
    const same = expected.rows === found.rows && expected.digest === found.digest;
    tables.push({ table, source: expected, target: found, same });
  }
  const complete = !source.served && tables.every(({ same }) => same);
  if (complete) await target.finish();
  return { from: source.name, to: target.name, served: source.served, tables, complete };
}

async function copyTable(
  source: CopySource,
  target: CopyTarget,
  table: TableName,
  onBatch: (rows: number) => void,
): Promise<void> {
  if (tableOf(table).rows === 'replaced') await target.clear(table);
  const after = await target.through(table);
  let copied = 0;
  for (const batch of batches(source.rows(table, after))) {
    await target.write(table, batch);
    copied += batch.length;
    onBatch(copied);
  }
}

/** What retention has removed from the source since the last time; attempts go with their deliveries. */
async function followRetention(source: CopySource, target: CopyTarget): Promise<void> {
  for (const table of TABLE_NAMES) {
    if (tableOf(table).rows === 'replaced' || table === 'attempts') continue;
    await target.removeGone(table, (numbers) => source.missing(table, numbers));
  }
}

/** Of what is over a dead letter alone may change: it may be discarded. */
function deliveryOf(source: CopySource, number: number): Row | null {
  for (const row of source.rows('deliveries', number - 1)) return row;
  return null;
}

function digestOf(
  source: CopySource,
  table: TableName,
  numberOf: (id: number) => number,
  onRow: () => void,
): Digest {
  const digest = createDigest(Object.values(tableOf(table).columns), numberOf);
  for (const row of source.rows(table, 0)) {
    digest.add(row);
    onRow();
  }
  return digest.result();
}

/** Between two reports while rows are compared. */
const REPORT = 1_000;

function counter(report: (rows: number) => void): () => void {
  let rows = 0;
  return () => {
    rows += 1;
    if (rows % REPORT === 0) report(rows);
  };
}
