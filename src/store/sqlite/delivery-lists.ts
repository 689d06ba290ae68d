import type { Attempt, DeliveryState, Fault, SendingMode } from '../../model.js';
import type { Answer, DeliveryDetail, DeliveryQuery, DeliveryRow } from '../rows.js';
import type { Database, Value } from './driver.js';
import { filtered } from './filtered.js';
import { fromOptionalText, fromText, type Text } from './values.js';

interface Row {
  readonly id: number;
  readonly event_id: number;
  readonly message_id: Text;
  readonly event: Text;
  readonly destination: string;
  readonly mode: SendingMode;
  readonly share: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly created_at: number;
  readonly due_at: number | null;
  readonly ended_at: number | null;
  readonly reason: Text | null;
  readonly last_status: number | null;
  readonly last_error: Text | null;
  readonly replayed: number;
  readonly fault: Fault | null;
  readonly after_dead: number | null;
}

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
    const attemptRows = this.db
      .query<{
        started_at: number;
        duration: number;
        status: number | null;
        error: Text | null;
        response: Text | null;
        mode: SendingMode;
        share: number;
        fault: Fault | null;
      }>('SELECT * FROM attempts WHERE delivery_id = ? ORDER BY number', id)
      .map(
        (attempt): Attempt => ({
          startedAt: attempt.started_at,
          duration: attempt.duration,
          status: attempt.status,
          error: fromOptionalText(attempt.error),
          response: fromOptionalText(attempt.response),
          mode: attempt.mode,
          share: attempt.share,
          fault: attempt.fault,
        }),
      );
    return { ...row, attemptRows };
  }

  /** Goes back through all deliveries until there are enough: an index on the destination would cost every webhook. */
  latestAnswers(destination: string, limit: number): readonly Answer[] {
    return this.db
      .query<{ started_at: number; duration: number; status: number | null }>(
        `SELECT a.started_at, a.duration, a.status
           FROM deliveries d NOT INDEXED CROSS JOIN attempts a ON a.delivery_id = d.id
          WHERE d.destination = ? ORDER BY d.id DESC, a.number DESC LIMIT ?`,
        destination,
        limit,
      )
      .map(({ started_at, duration, status }) => ({ startedAt: started_at, duration, status }));
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
    return this.db
      .query<Row>(
        `SELECT d.*, e.message_id, e.event
           FROM deliveries d ${index} CROSS JOIN events e ON e.id = d.event_id WHERE ${where}`,
        ...values,
      )
      .map((row) => ({
        id: row.id,
        eventId: row.event_id,
        messageId: fromText(row.message_id),
        event: fromText(row.event),
        destination: row.destination,
        mode: row.mode,
        share: row.share,
        status: row.state,
        attempts: row.attempts,
        createdAt: row.created_at,
        replayed: row.replayed === 1,
        dueAt: row.due_at,
        endedAt: row.ended_at,
        reason: fromOptionalText(row.reason),
        afterDead: row.after_dead,
        lastStatus: row.last_status,
        lastError: fromOptionalText(row.last_error),
        fault: row.fault,
      }));
  }
}
