import type { Attempt, Settlement } from '../../model.js';
import { cut, MAX_ERROR, MAX_RESPONSE } from '../bounds.js';
import { float8s, int8s, texts } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import type { Frontiers } from './frontiers.js';
import { byServersClock } from './lease-time.js';
import { optionalText, text } from './values.js';

const OURS = "o.delivery_id = s.id AND o.fence = s.fence AND o.state = 'sending'";

/** What ends leaves the outbox, what goes on stays there; either way the delivery and its attempt are written down. */
const SETTLE: Statement<{ id: number; fence: number }> = {
  name: 'settle',
  text: `WITH s AS MATERIALIZED (
           SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                                $8::bigint[], $9::text[], $10::text[], $11::text[], $12::float8[], $13::text[])
             AS s (id, fence, outcome, due_at, reason, started_at, duration, status, error, response, mode, share, fault)
         ), ended AS (
           DELETE FROM outbox o USING s WHERE ${OURS} AND s.outcome IN ('delivered', 'dead', 'missed')
           RETURNING o.delivery_id, o.fence, o.attempts + 1 AS number
         ), going AS (
           UPDATE outbox o
              SET state = 'pending', lease_until = NULL, due_at = coalesce(s.due_at, o.due_at),
                  attempts = o.attempts + CASE s.outcome WHEN 'retry' THEN 1 ELSE 0 END
             FROM s WHERE ${OURS} AND s.outcome IN ('retry', 'released')
           RETURNING o.delivery_id, o.fence, o.attempts AS number
         ), taken AS (
           SELECT * FROM ended UNION ALL SELECT * FROM going
         ), attempted AS (
           SELECT s.*, t.number FROM taken t JOIN s ON s.id = t.delivery_id AND s.fence = t.fence
            WHERE s.outcome <> 'released'
         ), kept AS (
           UPDATE deliveries d
              SET attempts = a.number, reason = a.reason, last_status = a.status, last_error = a.error, fault = a.fault,
                  state = CASE a.outcome WHEN 'retry' THEN NULL ELSE a.outcome END,
                  ended_at = CASE a.outcome WHEN 'retry' THEN NULL ELSE a.started_at + a.duration END
             FROM attempted a WHERE d.id = a.id
         ), recorded AS (
           INSERT INTO attempts (delivery_id, number, started_at, duration, status, error, response, mode, share, fault)
           SELECT id, number, started_at, duration, status, error, response, mode, share, fault FROM attempted
         )
         SELECT delivery_id AS id, fence FROM taken`,
};

/** due_at is left as it was: they are due, and keep their place before those that came later. */
const RELEASE_EXPIRED: Statement<{ id: number }> = {
  name: 'release_expired',
  text: `UPDATE outbox SET state = 'pending', lease_until = NULL
          WHERE delivery_id IN (SELECT delivery_id FROM outbox WHERE state = 'sending' AND lease_until <= ${byServersClock('$1', '$2')}
                                   FOR UPDATE SKIP LOCKED)
         RETURNING delivery_id AS id`,
};

/** What was made in the future, before the clock was set back, is due as well. */
const PLACE = 'least(created_at, $2)';
/** What a crash left as being sent waits as well, once its lease has ended. */
const OUT_OF_LINE = `destination = $1 AND due_at <> ${PLACE}`;
const LINE_UP: Statement<{ count: number }> = {
  name: 'line_up',
  text: `WITH lined AS (
           UPDATE outbox SET due_at = ${PLACE}
            WHERE delivery_id IN (SELECT delivery_id FROM outbox WHERE state = 'pending' AND ${OUT_OF_LINE}
                                  UNION ALL
                                  SELECT delivery_id FROM outbox WHERE state = 'sending' AND ${OUT_OF_LINE})
           RETURNING 1
         ) SELECT count(*) AS count FROM lined`,
};

/** What came of claims, and of those of which nothing came. */
export class Deliveries {
  constructor(
    private readonly db: Database,
    private readonly frontiers: Frontiers,
  ) {}

  async settle(batch: readonly Settlement[]): Promise<readonly boolean[]> {
    if (batch.length === 0) return [];
    const first = new Map<string, Settlement>();
    for (const settlement of batch) {
      const claim = claimOf(settlement.deliveryId, settlement.fence);
      if (!first.has(claim)) first.set(claim, settlement);
    }
    const rows = await this.db.query(SETTLE, ...settledValues([...first.values()]));
    this.frontiers.reset(earliest(batch));
    const taken = new Set(rows.map(({ id, fence }) => claimOf(id, fence)));
    return batch.map((settlement) => {
      const claim = claimOf(settlement.deliveryId, settlement.fence);
      return first.get(claim) === settlement && taken.has(claim);
    });
  }

  async releaseExpired(now: number): Promise<number> {
    const released = await this.db.query(RELEASE_EXPIRED, now, Date.now());
    if (released.length > 0) this.frontiers.reset();
    return released.length;
  }

  /** @param session where it is a part of something */
  async lineUp(destination: string, now: number, session: Pick<Session, 'query'> = this.db): Promise<number> {
    const [row] = await session.query(LINE_UP, text(destination), now);
    this.frontiers.reset();
    return row?.count ?? 0;
  }
}

const claimOf = (deliveryId: number, fence: number): string => `${deliveryId}/${fence}`;

/** When what goes on is due; null where it keeps its old place. */
const dueOf = (one: Extract<Settlement, { readonly dueAt?: number }>): number | null =>
  one.dueAt === undefined ? null : Math.round(one.dueAt);

const goesOn = (one: Settlement): one is Parameters<typeof dueOf>[0] =>
  one.outcome === 'retry' || one.outcome === 'released';

/** When the first of what goes on is due: what is handed back may keep its old place. */
const earliest = (batch: readonly Settlement[]): number =>
  Math.min(...batch.map((one) => (goesOn(one) ? (dueOf(one) ?? 0) : Number.POSITIVE_INFINITY)));

function settledValues(batch: readonly Settlement[]) {
  const attempts = batch.map((one): Attempt | null => (one.outcome === 'released' ? null : one.attempt));
  const bounded = (value: string | null | undefined, length: number): string | null =>
    optionalText(value === null || value === undefined ? null : cut(value, length));
  return [
    int8s(batch.map(({ deliveryId }) => deliveryId)),
    int8s(batch.map(({ fence }) => fence)),
    texts(batch.map(({ outcome }) => outcome)),
    int8s(batch.map((one) => (goesOn(one) ? dueOf(one) : null))),
    texts(batch.map((one) => (one.outcome === 'dead' ? bounded(one.reason, MAX_ERROR) : null))),
    int8s(attempts.map((attempt) => attempt && Math.round(attempt.startedAt))),
    int8s(attempts.map((attempt) => attempt && Math.round(attempt.duration))),
    int8s(attempts.map((attempt) => attempt?.status ?? null)),
    texts(attempts.map((attempt) => bounded(attempt?.error, MAX_ERROR))),
    texts(attempts.map((attempt) => bounded(attempt?.response, MAX_RESPONSE))),
    texts(attempts.map((attempt) => attempt?.mode ?? null)),
    float8s(attempts.map((attempt) => attempt?.share ?? 0)),
    texts(attempts.map((attempt) => attempt?.fault ?? null)),
  ];
}
