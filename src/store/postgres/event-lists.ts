import type { DeliveryState } from '../../model.js';
import { EVENT_COLUMNS } from '../columns.js';
import { type EventQuery, type EventRow, NO_DELIVERIES } from '../rows.js';
import { int8s } from './arrays.js';
import type { Database, Statement } from './database.js';
import { filtered, whole } from './filtered.js';
import { sameDay } from './ids.js';
import { fromOptionalText, fromText, text } from './values.js';

type Row = Omit<EventRow, 'deliveries'> & { readonly body: string | null };

const SELECT = `SELECT ${EVENT_COLUMNS}, e.files, e.body FROM events e JOIN webhooks w ON w.id = e.webhook_id`;

const BY_ID: Statement<Row> = { name: 'event', text: `${SELECT} WHERE e.id = $1` };

const NEWEST: Statement<{ id: number }> = {
  name: 'newest_event',
  text: 'SELECT id FROM events WHERE message_id = $1 ORDER BY received_at DESC, id DESC LIMIT 1',
};

/** Only what is in the outbox knows whether it is being sent. */
const STATES: Statement<{ eventId: number; state: DeliveryState; count: number }> = {
  name: 'states_of_deliveries',
  text: `SELECT d.event_id AS "eventId", coalesce(d.state, o.state) AS state, count(*) AS count
           FROM unnest($1::bigint[]) e (id)
           JOIN LATERAL (SELECT * FROM deliveries d WHERE d.event_id = e.id AND ${sameDay('d.id', 'e.id')}) d ON true
           LEFT JOIN outbox o ON o.delivery_id = d.id
          GROUP BY 1, 2`,
};

/** Events for people to look at. */
export class EventLists {
  constructor(private readonly db: Database) {}

  /** In the order of arrival, also where a webhook was converted late. */
  async list(query: EventQuery): Promise<readonly EventRow[]> {
    const { where, values } = filtered([
      ['(e.received_at, e.id) < ((SELECT received_at FROM events WHERE id = ?), ?)', query.before],
      ['e.received_at >= ?', query.since],
      ['e.received_at < ?', query.until],
      ['e.event = ?', query.event === undefined ? undefined : text(query.event)],
      ['w.source = ?', query.source === undefined ? undefined : text(query.source)],
    ]);
    const rows = await this.db.query<Row>(
      { text: `${SELECT} WHERE ${where} ORDER BY e.received_at DESC, e.id DESC LIMIT ${whole(query.limit)}` },
      ...values,
    );
    return this.#withDeliveries(rows);
  }

  async get(ref: number | string): Promise<{ readonly row: EventRow; readonly body: string | null } | null> {
    const id = typeof ref === 'number' ? ref : (await this.db.query(NEWEST, text(ref)))[0]?.id;
    if (id === undefined) return null;
    const found = await this.db.query(BY_ID, id);
    const [row] = await this.#withDeliveries(found);
    return row ? { row, body: fromOptionalText(found[0]?.body ?? null) } : null;
  }

  async #withDeliveries(rows: readonly Row[]): Promise<readonly EventRow[]> {
    if (rows.length === 0) return [];
    const counts = new Map(rows.map(({ id }) => [id, { ...NO_DELIVERIES }]));
    for (const { eventId, state, count } of await this.db.query(STATES, int8s([...counts.keys()]))) {
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
