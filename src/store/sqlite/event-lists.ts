import type { DeliveryState } from '../../model.js';
import { EVENT_COLUMNS } from '../columns.js';
import { type EventQuery, type EventRow, NO_DELIVERIES } from '../rows.js';
import type { Database, Statement } from './driver.js';
import { filtered } from './filtered.js';
import { fromOptionalText, fromText, type Text, text } from './values.js';

type Row = Omit<EventRow, 'messageId' | 'event' | 'deliveries'> & {
  readonly messageId: Text;
  readonly event: Text;
  readonly body: Text | null;
};

const SELECT = `SELECT ${EVENT_COLUMNS}, e.files, e.body FROM events e CROSS JOIN webhooks w ON w.id = e.webhook_id`;

/** Events for people to look at. */
export class EventLists {
  readonly #byId: Statement<Row>;
  readonly #newest: Statement<{ id: number }>;
  readonly #states: Statement<{ eventId: number; state: DeliveryState; count: number }>;

  constructor(private readonly db: Database) {
    this.#byId = db.prepare(`${SELECT} WHERE e.id = ?`);
    this.#newest = db.prepare(
      `SELECT id FROM (
         SELECT * FROM (SELECT id FROM events
          WHERE id > (SELECT through FROM late_indexes WHERE name = 'events_by_message') AND message_id = ?1
          ORDER BY id DESC LIMIT 1)
         UNION ALL
         SELECT * FROM (SELECT e.id FROM events_by_message m CROSS JOIN events e ON e.id = m.event_id
          WHERE m.ending = substr(?1, -8) AND e.message_id = ?1 ORDER BY m.event_id DESC LIMIT 1)
       ) ORDER BY id DESC LIMIT 1`,
    );
    this.#states = db.prepare(
      `SELECT event_id AS "eventId", state, count(*) AS count FROM deliveries
        WHERE event_id IN (SELECT value FROM json_each(?)) GROUP BY event_id, state`,
    );
  }

  /** In the order of arrival, which the index on it keeps also where a webhook was converted late. */
  list(query: EventQuery): readonly EventRow[] {
    const { where, values } = filtered([
      ['(e.received_at, e.id) < (SELECT received_at, id FROM events WHERE id = ?)', query.before],
      ['e.received_at >= ?', query.since],
      ['e.received_at < ?', query.until],
      ['e.event = ?', query.event],
      ['w.source = ?', query.source],
    ]);
    const rows = this.db.query<Row>(
      `${SELECT} WHERE ${where} ORDER BY e.received_at DESC, e.id DESC LIMIT ?`,
      ...values,
      query.limit,
    );
    return this.#withDeliveries(rows);
  }

  get(ref: number | string): { readonly row: EventRow; readonly body: string | null } | null {
    const id = typeof ref === 'number' ? ref : this.#newest.get(text(ref))?.id;
    const found = id === undefined ? undefined : this.#byId.get(id);
    const [row] = found ? this.#withDeliveries([found]) : [];
    return found && row ? { row, body: fromOptionalText(found.body) } : null;
  }

  #withDeliveries(rows: readonly Row[]): readonly EventRow[] {
    const counts = new Map(rows.map(({ id }) => [id, { ...NO_DELIVERIES }]));
    for (const { eventId, state, count } of this.#states.all(JSON.stringify([...counts.keys()]))) {
      const counted = counts.get(eventId);
      if (counted) counted[state] = count;
    }
    return rows.map(({ body: _, ...row }) => ({
      ...row,
      messageId: fromText(row.messageId),
      event: fromText(row.event),
      deliveries: counts.get(row.id) ?? NO_DELIVERIES,
    }));
  }
}
