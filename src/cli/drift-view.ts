import type { Drift } from '../migration/drift.js';
import type { ExtractionDrift } from '../migration/drift-report.js';
import { type Column, table } from './table.js';
import { isoSeconds, isoTime } from './text.js';

type Row = Omit<ExtractionDrift, 'drift'> & Drift;

const columns: readonly Column<Row>[] = [
  { title: 'source', value: (row) => row.source },
  { title: 'extraction', value: (row) => row.extractionId },
  { title: 'field', value: (row) => row.path },
  { title: 'is', value: (row) => (row.kind === 'new' ? 'new' : 'no longer seen') },
  { title: 'since', value: (row) => isoSeconds(row.at) },
];

const rowsOf = (report: readonly ExtractionDrift[]): readonly Row[] =>
  report.flatMap(({ drift, ...extraction }) => drift.map((each) => ({ ...extraction, ...each })));

export function driftText(report: readonly ExtractionDrift[]): string {
  const rows = rowsOf(report);
  return rows.length === 0 ? 'No fields came or went (by a sample of the results).\n' : table(columns, rows);
}

export const driftJson = (report: readonly ExtractionDrift[]) =>
  rowsOf(report).map(({ source, extractionId, path, kind, at, count }) => ({
    source,
    extractionId,
    path,
    kind,
    /** When a new field was first seen, or one that is gone last. */
    at: isoTime(at),
    /** In how many of the sampled results it was. */
    count,
  }));
