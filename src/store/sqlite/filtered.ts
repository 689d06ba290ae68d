import type { Value } from './driver.js';

/** The WHERE of a list: the filters that are set, with what to bind to them. */
export function filtered(filters: readonly (readonly [sql: string, value: Value | undefined])[]): {
  readonly where: string;
  readonly values: readonly Value[];
} {
  const conditions = ['1'];
  const values: Value[] = [];
  for (const [sql, value] of filters) {
    if (value === undefined) continue;
    conditions.push(sql);
    values.push(value);
  }
  return { where: conditions.join(' AND '), values };
}
