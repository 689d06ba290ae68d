import type { Value } from './database.js';

/**
 * The conditions of a list: the filters that are set, with what to bind to them. A `?` stands for the value. Numbers
 * become part of the statement, so that PostgreSQL plans for those days and for so many rows, and for no others.
 */
export function filtered(filters: readonly (readonly [sql: string, value: string | number | undefined])[]): {
  readonly where: string;
  readonly values: readonly Value[];
} {
  const conditions = ['true'];
  const values: Value[] = [];
  for (const [sql, value] of filters) {
    if (value === undefined) continue;
    const place = typeof value === 'number' ? whole(value) : `$${values.push(value)}::text`;
    conditions.push(sql.replaceAll('?', place));
  }
  return { where: conditions.join(' AND '), values };
}

/** A number as SQL. */
export const whole = (value: number): string => `'${Math.trunc(value)}'::bigint`;
