import type { Attempt, DeliveryState } from '../../model.js';
import { ATTEMPT_COLUMNS } from '../columns.js';
import type { Answer, DeliveryDetail, DeliveryQuery, DeliveryRow } from '../rows.js';
import type { Database, Value } from './driver.js';
import { filtered } from './filtered.js';
import { fromOptionalText, fromText, type Text } from './values.js';

type Row = Omit<DeliveryRow, 'messageId' | 'event' | 'reason' | 'lastError' | 'replayed'> & {
  readonly messageId: Text;
  readonly event: Text;
  readonly reason: Text | null;
  readonly lastError: Text | null;
  readonly replayed: number;
};

type AttemptRow = Omit<Attempt, 'error' | 'response'> & {
  readonly error: Text | null;
  readonly response: Text | null;
};

const COLUMNS = `d.id, d.event_id AS "eventId", e.message_id AS "messageId", e.event, d.destination, d.mode, d.share,
  d.state AS status, d.attempts, d.created_at AS "createdAt", d.replayed, d.due_at AS "dueAt", d.ended_at AS "endedAt",
  d.reason, d.last_status AS "lastStatus", d.last_error AS "lastError", d.fault, d.after_dead AS "afterDead"`;

/** Written out, since a partial index is only taken where the state stands in the statement's text. */
const STATE_IS: Readonly<Record<DeliveryState, string>> = {
  pending: "d.state = 'pending'",
  sending: "d.state = 'sending'",
  delivered: "d.state = 'delivered'",
  dead: "d.state = 'dead'",
  missed: "d.state = 'missed'",
  discarded: "d.state = 'discarded'",
};

/** Up to so many pending deliveries are sorted; more are found while going back through all of them, in order. */
const SORTED = 10_000;

/** Deliveries for people to look at. */
export class DeliveryLists {
  constructor(private readonly db: Database) {}

  list(query: DeliveryQuery): readonly DeliveryRow[] {
    const { where, values } = filtered([
      ['(d.created_at, d.id) < (SELECT created_at, id FROM deliveries WHERE id = ?)', query.before],
      ['d.created_at >= ?', query.since],
      ['d.created_at < ?', query.until],
      ['d.destination = ?', query.destination],
      ['d.event_id = ?', query.eventId],
      ['d.fault = ?', query.fault],
    ]);
    return this.#rows(
      `INDEXED BY ${this.#index(query)}`,
      `${where} AND ${query.status === undefined ? '1' : STATE_IS[query.status]}
        ORDER BY d.created_at DESC, d.id DESC LIMIT ?`,
      [...values, query.limit],
    );
  }

  get(id: number): DeliveryDetail | null {
    const [row] = this.#rows('', 'd.id = ?', [id]);
    if (!row) return null;
    const attempts = this.db.query<AttemptRow>(
      `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE delivery_id = ? ORDER BY number`,
      id,
    );
    const attemptRows = attempts.map((attempt) => ({
      ...attempt,
      error: fromOptionalText(attempt.error),
      response: fromOptionalText(attempt.response),
    }));
    return { ...row, attemptRows };
  }

  /** Goes back through all deliveries until there are enough: an index on the destination would cost every webhook. */
  latestAnswers(destination: string, limit: number): readonly Answer[] {
    return this.db.query<Answer>(
      `SELECT a.started_at AS "startedAt", a.duration, a.status
         FROM deliveries d NOT INDEXED CROSS JOIN attempts a ON a.delivery_id = d.id
        WHERE d.destination = ? ORDER BY d.id DESC, a.number DESC LIMIT ?`,
      destination,
      limit,
    );
  }

  /** The index that leads to the rows asked for past the fewest others. */
  #index(query: DeliveryQuery): string {
    if (query.eventId !== undefined) return 'deliveries_event';
    if (query.fault !== undefined) return 'deliveries_fault';
    if (query.status === 'sending') return 'deliveries_sending';
    if (query.status === 'dead') return 'deliveries_dead';
    if (query.status === 'missed') return 'deliveries_missed';
    return query.status === 'pending' && this.#fewPending(query.destination)
      ? 'deliveries_due'
      : 'deliveries_created';
  }

  #fewPending(destination: string | undefined): boolean {
    const { where, values } = filtered([['destination = ?', destination]]);
    const found = this.db.query(
      `SELECT 1 FROM deliveries INDEXED BY deliveries_due WHERE state = 'pending' AND ${where}
          LIMIT 1 OFFSET ${SORTED}`,
      ...values,
    );
    return found.length === 0;
  }

  #rows(index: string, where: string, values: readonly Value[]): readonly DeliveryRow[] {
    const rows = this.db.query<Row>(
      `SELECT ${COLUMNS} FROM deliveries d ${index} CROSS JOIN events e ON e.id = d.event_id WHERE ${where}`,
      ...values,
    );
    return rows.map((row) => ({
      ...row,
      messageId: fromText(row.messageId),
      event: fromText(row.event),
      reason: fromOptionalText(row.reason),
      lastError: fromOptionalText(row.lastError),
      replayed: row.replayed === 1,
    }));
  }
}
