import type { NewWebhook } from '../../model.js';
import type { LastSeen } from '../rows.js';
import { tallies } from '../tallies.js';
import type { Database, Statement } from './driver.js';

/** When each source's formats and secrets were last in use. */
export class LastSeenTable {
  readonly #note: Statement<never>;

  constructor(private readonly db: Database) {
    this.#note = db.prepare(
      `INSERT INTO last_seen VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (source, format, secret_index) DO UPDATE
         SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
             count = count + excluded.count`,
    );
  }

  /** One statement for each combination: nearly always one for a batch. */
  note(batch: readonly NewWebhook[]): void {
    for (const { source, format, secretIndex, firstAt, lastAt, count } of tallies(batch)) {
      this.#note.run(source, format, secretIndex, firstAt, lastAt, count);
    }
  }

  all(): readonly LastSeen[] {
    return this.db.query<LastSeen>(
      `SELECT source, format, secret_index AS "secretIndex", first_at AS "firstAt", last_at AS "lastAt", count
         FROM last_seen ORDER BY source, format, secret_index`,
    );
  }
}
