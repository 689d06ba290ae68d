import type { Database, Statement } from './database.js';

/** Milliseconds. The way to the server counts as a difference of clocks: in coarser steps than it takes, it is none. */
const STEP = 5_000;

/**
 * As SQL: a time on the clock of this instance, as the server's clock has it. Leases are told by that one, which all
 * instances share: with their own, one that is a minute ahead sends again what another is just sending (seen: all of
 * it), and overtakes in lines.
 *
 * @param now as SQL: what this machine's clock shows, `Date.now()`, when the statement is sent
 */
export const byServersClock = (time: string, now: string): string =>
  `(${time}::bigint + round((extract(epoch FROM statement_timestamp()) * 1000 - ${now}::bigint) / ${STEP})::bigint * ${STEP})`;

const SERVERS_TIME: Statement<{ time: number }> = {
  name: 'servers_time',
  text: `SELECT ${byServersClock('$1', '$2')} AS time`,
};

/**
 * A time on the clock of this instance, as the server's clock has it. What is old enough to be removed is told by that
 * one: an instance that is weeks ahead would remove all that others have just made, dead letters among it.
 */
export async function byServersTime(db: Pick<Database, 'query'>, time: number): Promise<number> {
  const [row] = await db.query(SERVERS_TIME, time, Date.now());
  return row?.time ?? time;
}
