import { UNNOTICED, type UpTime } from '../up-times.js';
import type { Database, Statement } from './database.js';

/** Two instances that begin at once may both make a row: what the rows cover counts, however many they are. */
const NOTE: Statement<never> = {
  name: 'note_up_time',
  text: `WITH extended AS (
           UPDATE up_times SET to_at = CASE WHEN to_at > $1::bigint + ${UNNOTICED} THEN greatest(from_at, $1::bigint)
                                            ELSE greatest(to_at, $1::bigint) END
            WHERE from_at = (SELECT max(from_at) FROM up_times WHERE from_at <= $1::bigint + ${UNNOTICED})
              AND to_at >= $1::bigint - ${UNNOTICED}
           RETURNING from_at
         )
         INSERT INTO up_times SELECT $1::bigint, $1::bigint WHERE NOT EXISTS (SELECT FROM extended)
         ON CONFLICT (from_at) DO NOTHING`,
};

const PRUNE: Statement<never> = {
  text: `WITH old AS (DELETE FROM up_times WHERE from_at < $1::bigint RETURNING to_at)
         INSERT INTO up_times SELECT $1::bigint, max(to_at) FROM old HAVING max(to_at) >= $1::bigint
         ON CONFLICT (from_at) DO UPDATE SET to_at = greatest(up_times.to_at, excluded.to_at)`,
};

const ALL: Statement<UpTime> = {
  name: 'up_times',
  text: 'SELECT from_at AS "from", to_at AS "to" FROM up_times ORDER BY from_at',
};

/** When webhooks could come in: while at least one instance that receives was up. */
export class UpTimes {
  constructor(private readonly db: Database) {}

  async note(now: number): Promise<void> {
    await this.db.query(NOTE, now);
  }

  async prune(before: number): Promise<void> {
    await this.db.query(PRUNE, before);
  }

  all(): Promise<readonly UpTime[]> {
    return this.db.query(ALL);
  }
}
