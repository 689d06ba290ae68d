import { UNNOTICED, type UpTime } from '../up-times.js';
import type { Database, Statement } from './driver.js';

/** When webhooks could come in. */
export class UpTimes {
  readonly #extend: Statement<never>;
  readonly #begin: Statement<never>;
  readonly #prune: readonly Statement<never>[];
  readonly #all: Statement<readonly [from: number, to: number]>;

  constructor(db: Database) {
    this.#extend = db.prepare(
      `UPDATE up_times SET to_at = CASE WHEN to_at > ?1 + ${UNNOTICED} THEN max(from_at, ?1) ELSE max(to_at, ?1) END
        WHERE from_at = (SELECT max(from_at) FROM up_times WHERE from_at <= ?1 + ${UNNOTICED})
          AND to_at >= ?1 - ${UNNOTICED}`,
    );
    this.#begin = db.prepare('INSERT INTO up_times VALUES (?, ?)');
    this.#prune = [
      'DELETE FROM up_times WHERE to_at < ?',
      'UPDATE OR REPLACE up_times SET from_at = ?1 WHERE from_at < ?1',
    ].map((sql) => db.prepare(sql));
    this.#all = db.prepareTuples('SELECT from_at, to_at FROM up_times ORDER BY from_at');
  }

  note(now: number): void {
    if (Number(this.#extend.run(now).changes) === 0) this.#begin.run(now, now);
  }

  prune(before: number): void {
    for (const statement of this.#prune) statement.run(before);
  }

  all(): readonly UpTime[] {
    return this.#all.all().map(([from, to]) => ({ from, to }));
  }
}
