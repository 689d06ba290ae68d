import { UNNOTICED, type UpTime } from '../up-times.js';
import type { Database, Statement } from './driver.js';

/** When webhooks could come in. */
export class UpTimes {
  readonly #extend: Statement<never>;
  readonly #begin: Statement<never>;
  readonly #prune: Statement<never>;
  readonly #all: Statement<readonly [from: number, to: number]>;

  constructor(db: Database) {
    this.#extend = db.prepare(
      `UPDATE up_times SET to_at = max(to_at, ?)
        WHERE from_at = (SELECT max(from_at) FROM up_times) AND to_at >= ?`,
    );
    this.#begin = db.prepare('INSERT INTO up_times VALUES (?, ?)');
    this.#prune = db.prepare('DELETE FROM up_times WHERE to_at < ?');
    this.#all = db.prepareTuples('SELECT from_at, to_at FROM up_times ORDER BY from_at');
  }

  note(now: number): void {
    if (Number(this.#extend.run(now, now - UNNOTICED).changes) === 0) this.#begin.run(now, now);
  }

  prune(before: number): void {
    this.#prune.run(before);
  }

  all(): readonly UpTime[] {
    return this.#all.all().map(([from, to]) => ({ from, to }));
  }
}
