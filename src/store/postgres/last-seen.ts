import type { NewWebhook } from '../../model.js';
import type { LastSeen } from '../rows.js';
import { tallies } from '../tallies.js';
import type { Database, Statement } from './database.js';

const ALL: Statement<LastSeen> = {
  text: `SELECT source, format, secret_index AS "secretIndex", min(first_at) AS "firstAt", max(last_at) AS "lastAt",
                sum(count)::bigint AS count
           FROM last_seen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
};

/** When each source's formats and secrets were last in use. */
export const listLastSeen = (db: Database): Promise<readonly LastSeen[]> => db.query(ALL);

/** In the order of their keys, so that two batches that note the same never wait for one another in a circle. */
export const talliesInOrder = (batch: readonly NewWebhook[]): readonly LastSeen[] =>
  tallies(batch).sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));

const keyOf = ({ source, format, secretIndex }: LastSeen): string =>
  JSON.stringify([source, format, secretIndex]);
