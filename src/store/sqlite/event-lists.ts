import type { DeliveryState, Format } from '../../model.js';
import { type EventQuery, type EventRow, NO_DELIVERIES } from '../rows.js';
import type { Database, Statement } from './driver.js';
import { filtered } from './filtered.js';
import { fromOptionalText, fromText, type Text, text } from './values.js';

interface Row {
  readonly id: number;
  readonly message_id: Text;
  readonly webhook_id: number;
  readonly source: string;
  readonly format: Format;
  readonly event: Text;
  readonly files: number;
  readonly received_at: number;
  readonly duplicate_of: number | null;
  readonly body: Text | null;
}

const SELECT = `SELECT e.*, w.source, w.format FROM events e CROSS JOIN webhooks w ON w.id = e.webhook_id`;

/** Events for people to look at. */
export class EventLists {
  readonly #byId: Statement<Row>;
  readonly #newest: Statement<{ id: number }>;
  readonly #states: Statement<{ event_id: number; state: DeliveryState; n: number }>;

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
      `SELECT event_id, state, count(*) AS n FROM deliveries
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
    for (const { event_id, state, n } of this.#states.all(JSON.stringify([...counts.keys()]))) {
      const counted = counts.get(event_id);
      if (counted) counted[state] = n;
    }
    return rows.map((row) => ({
      id: row.id,
      messageId: fromText(row.message_id),
      webhookId: row.webhook_id,
      source: row.source,
      format: row.format,
      event: fromText(row.event),
      files: row.files,
      receivedAt: row.received_at,
      duplicateOf: row.duplicate_of,
      deliveries: counts.get(row.id) ?? NO_DELIVERIES,
    }));
  }
}
