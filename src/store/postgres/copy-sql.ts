import { type Kind, type Row, type TableName, tableOf, type Value } from '../copy/tables.js';
import { byteas, float8s, int8s, texts } from './arrays.js';
import type { Value as Bound, Statement } from './database.js';
import { fromText, optionalText } from './values.js';

const TYPES: Readonly<Record<Kind, string>> = {
  int: 'bigint',
  ref: 'bigint',
  bool: 'bigint',
  float: 'float8',
  text: 'text',
  hex: 'bytea',
};

/** Writes rows of a table: what is there stays as it is, or is brought up to date where it may have changed. */
export function insertInto(name: TableName): Statement<never> {
  const { columns, key, rows } = tableOf(name);
  const names = Object.keys(columns);
  const kinds = Object.entries(columns);
  const values = kinds.map(([column, kind]) => (kind === 'bool' ? `${column} = 1` : column));
  const arrays = kinds.map(([, kind], index) => `$${index + 1}::${TYPES[kind]}[]`);
  const update = `UPDATE SET ${names.map((column) => `${column} = excluded.${column}`)}
                   WHERE (${names.map((column) => `t.${column}`)}) IS DISTINCT FROM (${names.map((column) => `excluded.${column}`)})`;
  return {
    name: `copy_${name}`,
    text: `INSERT INTO ${name} AS t (${names}) OVERRIDING SYSTEM VALUE
           SELECT ${values} FROM unnest(${arrays}) AS given (${names})
           ON CONFLICT (${key}) DO ${rows === 'changing' ? update : 'NOTHING'}`,
  };
}

/** The rows as a statement of `insertInto` takes them: an array for each column. */
export function arraysOf(name: TableName, rows: readonly Row[]): readonly Bound[] {
  return Object.values(tableOf(name).columns).map((kind, index) => {
    const column = rows.map((row) => row[index] ?? null);
    if (kind === 'text') return texts(column.map((value) => optionalText(textIn(value))));
    if (kind === 'hex') return byteas(column.map((value) => Buffer.from(textIn(value) ?? '', 'hex')));
    return (kind === 'float' ? float8s : int8s)(column.map(numberIn));
  });
}

export const selectAll = (name: TableName): string =>
  `SELECT ${Object.keys(tableOf(name).columns)} FROM ${name}`;

/** A row as the driver gives it. */
export const rowOf = (name: TableName, found: Readonly<Record<string, unknown>>): Row =>
  Object.keys(tableOf(name).columns).map((column) => copied(found[column]));

function copied(value: unknown): Value {
  if (typeof value === 'string') return fromText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : null;
}

const textIn = (value: Value): string | null => (typeof value === 'string' ? value : null);
const numberIn = (value: Value): number | null => (value === null ? null : Number(value));
