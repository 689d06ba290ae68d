import { StoreError, UsageError } from '../../errors.js';
import type { Database, Session, Statement } from './database.js';

/** A service marks the database as its own, unless a copy into it is under way. */
const SERVE: Statement<never> = {
  text: `INSERT INTO copy_state VALUES (1, 'served', NULL)
         ON CONFLICT (id) DO UPDATE SET state = 'served' WHERE copy_state.state = 'whole'`,
};

interface Row {
  readonly state: 'served' | 'unfinished' | 'whole';
  readonly source: string | null;
}

const STATE: Statement<Row> = { text: 'SELECT state, source FROM copy_state' };

const ANYTHING: Statement<{ found: boolean }> = {
  text: `SELECT EXISTS (SELECT 1 FROM webhooks) OR EXISTS (SELECT 1 FROM last_seen) AS found`,
};

/** From now on it goes its own way: no copy goes on into it. @throws StoreError where one has not come to its end */
export async function occupy(db: Database, where: string): Promise<void> {
  await db.query(SERVE);
  await refuseUnfinished(db, where);
}

/** What is only half there is no store to work with. */
export async function refuseUnfinished(db: Database, where: string): Promise<void> {
  const [row] = await db.query(STATE);
  if (row?.state !== 'unfinished') return;
  throw new StoreError(
    'store_unavailable',
    `${where} is a copy of ${row.source} that has not come to its end: stop the service on ${row.source} and run "webhook-shim copy" once more`,
  );
}

/** @returns whether it was begun before. @throws {UsageError} where the database holds anything else */
export async function beginCopy(session: Session, source: string, where: string): Promise<boolean> {
  const refuse = (why: string): UsageError =>
    new UsageError(
      'usage',
      `${where} ${why}: nothing was changed. Name an empty database, or another schema`,
    );
  const [known] = await session.query(STATE);
  const [data] = await session.query(ANYTHING);
  if (known === undefined && data?.found === true) throw refuse('holds data that is no copy');
  const begun = await session.query<Row>(
    {
      text: `INSERT INTO copy_state VALUES (1, 'unfinished', $1)
             ON CONFLICT (id) DO UPDATE SET state = 'unfinished'
               WHERE copy_state.state <> 'served' AND copy_state.source = $1
             RETURNING state, source`,
    },
    source,
  );
  if (begun.length > 0) return known !== undefined;
  const [other] = await session.query(STATE);
  throw other?.state === 'served'
    ? refuse('was served since, and has gone its own way')
    : refuse(`holds a copy of ${other?.source}`);
}

export const finishCopy = (db: Database): Promise<unknown> =>
  db.query<never>({ text: `UPDATE copy_state SET state = 'whole' WHERE state = 'unfinished'` });
