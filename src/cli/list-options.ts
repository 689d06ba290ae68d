import type { Command } from 'commander';
import { parseDuration } from '../config/duration.js';
import { UsageError } from '../errors.js';
import { type Io, writeLine } from './io.js';
import { type JsonOption, rowId, wholeNumber } from './options.js';
import { type Column, table } from './table.js';
import { jsonDocument } from './text.js';

/** What every list takes. */
export interface PageOptions {
  readonly limit: number;
  readonly before?: number;
}

export interface PeriodOptions {
  readonly since?: string;
  readonly until?: string;
}

export const withPage = (command: Command): Command =>
  command
    .option('--limit <n>', 'how many at most', wholeNumber(1, 10_000), 50)
    .option('--before <id>', 'only older ones than this number: the next page', rowId);

export const withPeriod = (command: Command): Command =>
  command
    .option('--since <time>', 'from this time on: ISO 8601, or how long ago, such as 2h')
    .option('--until <time>', 'before this time: ISO 8601, or how long ago, such as 15m');

/** What of some options was given: the queries of the store have a key or have it not, and no `undefined`. */
export const onlyGiven = <Options extends object>(options: Options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [Name in keyof Options]?: Exclude<Options[Name], undefined>;
  };

/** @throws {UsageError} where one is no time, or nothing can have come between them */
export function periodOf(
  options: PeriodOptions,
  now: number,
): { readonly since?: number; readonly until?: number } {
  const since = options.since === undefined ? undefined : timeOf('--since', options.since, now);
  const until = options.until === undefined ? undefined : timeOf('--until', options.until, now);
  if (since !== undefined && until !== undefined && since >= until) {
    throw new UsageError('usage', `--since ${options.since} is not before --until ${options.until}`);
  }
  if (since !== undefined && since > now) {
    throw new UsageError('usage', `--since ${options.since} is yet to come: nothing has come from then on`);
  }
  return onlyGiven({ since, until });
}

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Like the times that we print, one without a zone is UTC.
 *
 * @throws {UsageError} where it is none
 */
export function timeOf(option: string, text: string, now: number): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const zoned = /T/.test(text) && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text;
  const time = ISO.test(text) && isDay(text.slice(0, 10)) ? Date.parse(zoned) : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new UsageError(
    'usage',
    `${option} ${text} is no time: write 2026-03-01, 2026-03-01T09:30:00Z, or how long ago: 30s, 15m, 2h, 7d`,
  );
}

/** `Date.parse` takes the 30th of February for the 2nd of March, which `prune` would go by. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

/** Prints a page: a document, a table, or what is said where there is nothing. */
export function printPage<Row extends { readonly id: number }>(
  rows: readonly Row[],
  {
    name,
    json,
    columns,
    none,
  }: {
    /** In the document. */
    readonly name: string;
    readonly json: (row: Row) => unknown;
    readonly columns: readonly Column<Row>[];
    readonly none: () => string;
  },
  options: PageOptions & JsonOption,
  io: Io,
): void {
  if (options.json === true) {
    const document = { [name]: rows.map(json), nextBefore: nextBefore(rows, options) };
    io.stdout.write(jsonDocument(document));
  } else if (rows.length === 0) writeLine(io.stdout, none());
  else {
    io.stdout.write(table(columns, rows));
    hintAtMore(rows, options, io);
  }
}

/** The number to give to `--before` for the next page; null where this was the last one. */
export function nextBefore(rows: readonly { readonly id: number }[], page: PageOptions): number | null {
  return rows.length < page.limit ? null : (rows.at(-1)?.id ?? null);
}

/** Says on `stderr`, so that it is not taken for a row, that there may be more. */
export function hintAtMore(rows: readonly { readonly id: number }[], page: PageOptions, io: Io): void {
  const before = nextBefore(rows, page);
  if (before !== null) writeLine(io.stderr, `For older ones add --before ${before}`);
}
