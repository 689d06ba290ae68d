import stringWidth from 'string-width';
import { printable } from '../printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null;
  /** Whether it says anything of a row; the column is left out where it does of none. Default: of each. */
  readonly tells?: (row: Row) => boolean;
}

const GAP = '  ';

/** Rows as left-aligned columns under their titles, one line each; nothing is cut off, since operators copy from it. */
export function table<Row>(all: readonly Column<Row>[], rows: readonly Row[]): string {
  const columns = all.filter(({ tells }) => tells === undefined || rows.some(tells));
  const lines = [
    columns.map((column) => column.title.toUpperCase()),
    ...rows.map((row) => columns.map((column) => cell(column.value(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => stringWidth(line[index] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((text, index) => padded(text, widths[index] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** One thing's fields, a line each; what is null is left out. */
export function fields(pairs: readonly (readonly [string, string | number | null])[]): string {
  const shown = pairs.filter(([, value]) => value !== null);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}${GAP}${cell(value)}\n`).join('');
}

const padded = (text: string, width: number): string => text + ' '.repeat(width - stringWidth(text));

function cell(value: string | number | null): string {
  return value === null || value === '' ? '-' : printable(String(value));
}
