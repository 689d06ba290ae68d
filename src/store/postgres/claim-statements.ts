import type { ClaimedDelivery, SendingMode } from '../../model.js';
import { CLAIM_SIZE } from '../bounds.js';
import { int8s } from './arrays.js';
import { CONTENTS, type ContentsRow, contentsOf } from './contents.js';
import type { Session, Statement } from './database.js';
import { HOLDS_NOTHING } from './destinations.js';
import { type Place, START } from './frontiers.js';
import { sameDay } from './ids.js';
import { byServersClock } from './lease-time.js';
import { fromText, text } from './values.js';

interface Row extends ContentsRow {
  readonly fence: number;
  readonly mode: SendingMode;
  readonly share: number;
  readonly attempts: number;
  readonly eventId: number;
  readonly receivedAt: number;
  readonly messageId: string;
  readonly severalEvents: boolean;
  readonly afterDead: number | null;
  readonly dueAt: number;
  readonly number: number;
}

/** Of a webhook whose text is carried over there is one event. */
const SEVERAL = `c.whole AND e.body IS NOT NULL AND EXISTS (
                  SELECT 1 FROM events s
                   WHERE s.webhook_id = c.webhook_id AND s.id <> c.event_id AND ${sameDay('s.id', 'c.event_id')})`;

/**
 * Of many instances each takes others, without waiting. The outbox holds nothing that is over. What is locked stays where
 * it is (its ctid), so that it need not be looked up once more.
 */
const claiming = (name: string, due: string): Statement<Row> => ({
  name,
  text: `WITH due AS MATERIALIZED (
           ${due}
         ), claimed AS (
           UPDATE outbox o SET state = 'sending', lease_until = ${byServersClock('$1', '$3')}, fence = o.fence + 1
             FROM (SELECT place, sum(size) OVER (ORDER BY due_at, number) - size AS before FROM due) d
            WHERE o.ctid = d.place AND d.before < ${CLAIM_SIZE}
           RETURNING o.*
         )
         SELECT c.delivery_id AS id, c.fence, c.mode, c.share, c.whole, c.attempts, c.event_id AS "eventId",
                e.received_at AS "receivedAt", e.message_id AS "messageId", c.after_dead AS "afterDead",
                c.due_at AS "dueAt", c.number, ${SEVERAL} AS "severalEvents", ${CONTENTS}
           FROM claimed c JOIN events e ON e.id = c.event_id JOIN webhooks w ON w.id = c.webhook_id
          ORDER BY c.due_at, c.number`,
});

/** A row that was put in line meanwhile is passed over, since rows that changed are looked at again. */
const due = (guard: string): string =>
  `SELECT ctid AS place, size, due_at, number FROM outbox
    WHERE destination = $2 AND state = 'pending' AND due_at <= $4 AND (due_at, number) >= ($6, $7)
      AND NOT lined AND ${guard}
    ORDER BY due_at, number LIMIT $5 FOR UPDATE SKIP LOCKED`;

const CLAIM_FREE = claiming('claim_free', due(HOLDS_NOTHING));
const CLAIM_DUE = claiming('claim_due', due('true'));
/** OFFSET 0 keeps PostgreSQL to a look for each id, where it might rather read all that is due. */
const CLAIM_THESE = claiming(
  'claim_these',
  `SELECT o.place, o.size, o.due_at, o.number
     FROM unnest($4::bigint[]) these (id), LATERAL (
       SELECT ctid AS place, * FROM outbox WHERE delivery_id = these.id OFFSET 0 FOR UPDATE SKIP LOCKED) o
    WHERE o.destination = $2 AND o.state = 'pending' AND o.lined`,
);

interface Request {
  readonly destination: string;
  readonly now: number;
  readonly lease: number;
}

/** What was claimed, and where it ended. */
interface Claimed {
  readonly claimed: readonly ClaimedDelivery[];
  readonly full: boolean;
  readonly end: Place;
}

const claimFrom = async (
  session: Pick<Session, 'query'>,
  statement: Statement<Row>,
  { destination, now, lease, limit }: Request & { readonly limit: number },
  from: Place,
): Promise<Claimed> => {
  const values = [now + lease, text(destination), Date.now(), now, limit, from.dueAt, from.number];
  const rows = await session.query(statement, ...values);
  const claimed = rows.map((row) => claimedDelivery(row, destination));
  return { claimed, full: rows.length === limit, end: rows.at(-1) ?? from };
};

/** What is due, from a place on, at a destination that nothing holds or orders; else nothing. */
export const claimFree = (
  db: Pick<Session, 'query'>,
  request: Request & { readonly limit: number },
  from: Place,
) => claimFrom(db, CLAIM_FREE, request, from);

/** What is due, for who has the destination's row and so knows that it may go out. */
export const claimDue = async (session: Pick<Session, 'query'>, request: Request, limit: number) =>
  (await claimFrom(session, CLAIM_DUE, { ...request, limit }, START)).claimed;

/** @param ids of heads of lines: what is no such any more is left out */
export async function claimThese(
  session: Pick<Session, 'query'>,
  { destination, now, lease }: Request,
  ids: readonly number[],
): Promise<readonly ClaimedDelivery[]> {
  if (ids.length === 0) return [];
  const rows = await session.query(CLAIM_THESE, now + lease, text(destination), Date.now(), int8s(ids));
  return rows.map((row) => claimedDelivery(row, destination));
}

const claimedDelivery = (row: Row, destination: string): ClaimedDelivery => ({
  ...contentsOf(row),
  fence: row.fence,
  destination,
  mode: row.mode,
  share: row.share,
  probe: false,
  severalEvents: row.severalEvents,
  afterDead: row.afterDead,
  attempts: row.attempts,
  eventId: row.eventId,
  receivedAt: row.receivedAt,
  messageId: fromText(row.messageId),
});
