import type { Attempt, DeliveryState } from '../../model.js';
import { ATTEMPT_COLUMNS } from '../columns.js';
import type { Answer, DeliveryDetail, DeliveryQuery, DeliveryRow } from '../rows.js';
import type { Database, Statement } from './database.js';
import { filtered, whole } from './filtered.js';
import { sameDay } from './ids.js';
import { fromOptionalText, fromText, text } from './values.js';

const COLUMNS = `d.id, d.event_id AS "eventId", e.message_id AS "messageId", e.event, d.destination, d.mode, d.share,
  coalesce(d.state, o.state) AS status, d.attempts, d.created_at AS "createdAt", d.replayed, o.due_at AS "dueAt",
  d.ended_at AS "endedAt", d.reason, d.last_status AS "lastStatus", d.last_error AS "lastError",
  d.fault, d.after_dead AS "afterDead"`;

const SELECT = `SELECT ${COLUMNS}
   FROM deliveries d JOIN events e ON e.id = d.event_id LEFT JOIN outbox o ON o.delivery_id = d.id`;

const BY_ID: Statement<DeliveryRow> = { name: 'delivery', text: `${SELECT} WHERE d.id = $1` };

const ATTEMPTS: Statement<Attempt> = {
  name: 'attempts',
  text: `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE delivery_id = $1 ORDER BY number`,
};

/** Goes back through all deliveries until there are enough: an index on the destination would cost every webhook. */
const LATEST_ANSWERS: Statement<Answer> = {
  name: 'latest_answers',
  text: `SELECT a.started_at AS "startedAt", a.duration, a.status
           FROM (SELECT id, created_at FROM deliveries WHERE destination = $1 AND attempts > 0
                  ORDER BY created_at DESC, id DESC LIMIT $2) d
           JOIN attempts a ON a.delivery_id = d.id
          ORDER BY d.created_at DESC, d.id DESC, a.number DESC LIMIT $2`,
};

/** Up to so many that wait are sorted; more are found while going back through all deliveries, in order. */
const SORTED = 10_000;

/** Written out, since a partial index is only taken where the state stands in the statement's text. */
const STATE_IS: Readonly<Record<DeliveryState, string>> = {
  pending: "d.state IS NULL AND o.state = 'pending'",
  sending: "d.state IS NULL AND o.state = 'sending'",
  delivered: "d.state = 'delivered'",
  dead: "d.state = 'dead'",
  missed: "d.state = 'missed'",
  discarded: "d.state = 'discarded'",
};

/** Deliveries for people to look at. */
export class DeliveryLists {
  constructor(private readonly db: Database) {}

  async list(query: DeliveryQuery): Promise<readonly DeliveryRow[]> {
    const { where, values } = filtered([
      ['(d.created_at, d.id) < ((SELECT created_at FROM deliveries WHERE id = ?), ?)', query.before],
      ['d.created_at >= ?', query.since],
      ['d.created_at < ?', query.until],
      ['d.destination = ?', query.destination === undefined ? undefined : text(query.destination)],
      ['d.fault = ?', query.fault],
      [`d.event_id = ? AND ${sameDay('d.id', '?')}`, query.eventId],
    ]);
    const status = query.status === undefined ? 'true' : STATE_IS[query.status];
    const few = (await this.#fewWait(query)) ? 'd.id IN (SELECT delivery_id FROM waiting)' : 'true';
    const waiting = few === 'true' ? '' : `WITH waiting AS MATERIALIZED (SELECT delivery_id FROM outbox) `;
    const limit = Number.isFinite(query.limit) ? `LIMIT ${whole(query.limit)}` : '';
    const rows = await this.db.query<DeliveryRow>(
      {
        text: `${waiting}${SELECT} WHERE ${where} AND ${status} AND ${few}
                ORDER BY d.created_at DESC, d.id DESC ${limit}`,
      },
      ...values,
    );
    return rows.map(deliveryRow);
  }

  async get(id: number): Promise<DeliveryDetail | null> {
    const [[row], attempts] = await Promise.all([this.db.query(BY_ID, id), this.db.query(ATTEMPTS, id)]);
    if (row === undefined) return null;
    const attemptRows = attempts.map((attempt) => ({
      ...attempt,
      error: fromOptionalText(attempt.error),
      response: fromOptionalText(attempt.response),
    }));
    return { ...deliveryRow(row), attemptRows };
  }

  latestAnswers(destination: string, limit: number): Promise<readonly Answer[]> {
    return this.db.query(LATEST_ANSWERS, text(destination), limit);
  }

  /** Whether those that wait are asked for, and are so few that they are best found from the outbox. */
  async #fewWait({ status, eventId }: DeliveryQuery): Promise<boolean> {
    if ((status !== 'pending' && status !== 'sending') || eventId !== undefined) return false;
    const found = await this.db.query<unknown>({
      name: 'many_wait',
      text: `SELECT 1 AS one FROM outbox LIMIT 1 OFFSET ${SORTED}`,
    });
    return found.length === 0;
  }
}

const deliveryRow = (row: DeliveryRow): DeliveryRow => ({
  ...row,
  messageId: fromText(row.messageId),
  event: fromText(row.event),
  reason: fromOptionalText(row.reason),
  lastError: fromOptionalText(row.lastError),
});
