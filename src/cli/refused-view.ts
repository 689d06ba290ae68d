import type { RefusalReason, RefusedCount, RefusedRow, RefusedStore } from '../store/refused.js';
import type { Column } from './table.js';
import { isoSeconds, isoTime } from './text.js';

export type RefusedCounts = Awaited<ReturnType<RefusedStore['refusedCounts']>>;

interface CountRow extends Readonly<Record<RefusalReason, number>> {
  readonly source: string;
  readonly day: number;
}

/** Counts are shown so far back; JSON documents have all. */
export const DAYS = 7;

const dayText = (day: number): string => isoTime(day).slice(0, 10);

/** A row for each source and day, the newest of them. */
export function countRows(counts: RefusedCounts, now: number): readonly CountRow[] {
  const rows = new Map<string, CountRow>();
  for (const { source, day, reason, count } of lately(counts, now)) {
    const key = `${day} ${source}`;
    const row = rows.get(key) ?? { source, day, no_signature: 0, wrong_signature: 0 };
    rows.set(key, { ...row, [reason]: row[reason] + count });
  }
  return [...rows.values()];
}

/** The counts of today, in UTC, and of the days before it. */
export function lately<Count extends RefusedCount>(counts: readonly Count[], now: number): readonly Count[] {
  const first = now - (now % 86_400_000) - (DAYS - 1) * 86_400_000;
  return counts.filter(({ day }) => day >= first);
}

export const countColumns: readonly Column<CountRow>[] = [
  { title: 'source', value: (row) => row.source },
  { title: 'day', value: (row) => dayText(row.day) },
  { title: 'no signature', value: (row) => row.no_signature },
  { title: 'wrong signature', value: (row) => row.wrong_signature },
];

export const refusedColumns: readonly Column<RefusedRow>[] = [
  { title: 'id', value: (row) => row.id },
  { title: 'received', value: (row) => isoSeconds(row.receivedAt) },
  { title: 'source', value: (row) => row.source },
  { title: 'reason', value: (row) => row.reason },
  { title: 'from', value: (row) => row.address },
  { title: 'path', value: (row) => row.path },
  { title: 'bytes', value: (row) => row.size },
  { title: 'well formed', value: (row) => (row.wellFormed === null ? null : yesNo(row.wellFormed)) },
  { title: 'kept', value: (row) => yesNo(row.kept) },
];

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

export const refusedJson = ({ receivedAt, ...row }: RefusedRow) => ({
  ...row,
  receivedAt: isoTime(receivedAt),
});

export const countsJson = (counts: RefusedCounts) =>
  counts.map(({ day, ...row }) => ({ ...row, day: dayText(day) }));
