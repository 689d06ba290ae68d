import type { NewWebhook } from '../../model.js';
import type { LastSeen } from '../rows.js';

const ALL = {
  text: `SELECT source, format, secret_index AS "secretIndex", min(first_at) AS "firstAt", max(last_at) AS "lastAt",
                sum(count)::bigint AS count
           FROM last_seen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
};

/** When each source's formats and secrets were last in use. */
export const listLastSeen = (db: {
  query(statement: typeof ALL): Promise<readonly LastSeen[]>;
}): Promise<readonly LastSeen[]> => db.query(ALL);

type Tally = { -readonly [Key in keyof LastSeen]: LastSeen[Key] };

/** In the order of their keys, so that two batches that note the same never wait for one another in a circle. */
export function tallies(batch: readonly NewWebhook[]): readonly LastSeen[] {
  const found = new Map<string, Tally>();
  for (const { source, format, secretIndex, receivedAt } of batch) {
    const key = JSON.stringify([source, format, secretIndex]);
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, { source, format, secretIndex, firstAt: receivedAt, lastAt: receivedAt, count: 1 });
      continue;
    }
    known.firstAt = Math.min(known.firstAt, receivedAt);
    known.lastAt = Math.max(known.lastAt, receivedAt);
    known.count++;
  }
  return [...found.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, tally]) => tally);
}
