import type { DeliveryState, SendingMode } from '../../model.js';
import { EVENT_COLUMNS } from '../columns.js';
import { isWhole, standsForWebhook } from '../conversion-rules.js';
import { type Latest, outcomeBeside } from '../replay-rules.js';
import type { AddedDelivery, NewDelivery, ReplayableEvent, ReplayQuery } from '../rows.js';
import type { Database, Statement } from './driver.js';
import { filtered } from './filtered.js';
import type { Lines } from './lines.js';
import { fromText, type Text } from './values.js';

type Row = Omit<ReplayableEvent, 'messageId' | 'event' | 'latest'> & {
  readonly messageId: Text;
  readonly event: Text;
};

/** What a destination has had of an event. */
export interface Standing {
  readonly latest: Latest | undefined;
  /** Whether a delivery would stand for all of the event's webhook. */
  readonly whole: boolean;
}

/** The events of one webhook are made together, so that their ids are in a row; a legacy one has at most four. */
const SIBLINGS = 4;

/** Deliveries once more: which events there are for it, and the new deliveries. */
export class Replay {
  readonly #deliveries: Statement<
    readonly [eventId: number, destination: string, mode: SendingMode, state: DeliveryState]
  >;
  readonly #latest: Statement<Latest>;
  readonly #latestOfWebhook: Statement<Latest>;
  readonly #siblings: Statement<{ id: number; duplicateOf: number | null }>;
  readonly #event: Statement<{ webhook_id: number }>;
  readonly #insert: Statement<never>;
  readonly #standAlone: Statement<never>;

  constructor(
    private readonly db: Database,
    private readonly lines: Lines,
  ) {
    this.#deliveries = db.prepareTuples(
      `SELECT event_id, destination, mode, state FROM deliveries
        WHERE event_id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    );
    const latest = (events: string): Statement<Latest> =>
      db.prepare(
        `SELECT id, mode, state FROM deliveries INDEXED BY deliveries_event
          WHERE event_id ${events} AND destination = ? ORDER BY id DESC LIMIT 1`,
      );
    this.#latest = latest('= ?');
    this.#latestOfWebhook = latest('IN (SELECT id FROM events WHERE id BETWEEN ? AND ? AND webhook_id = ?)');
    this.#siblings = db.prepare(
      'SELECT id, duplicate_of AS "duplicateOf" FROM events WHERE id BETWEEN ? AND ? AND webhook_id = ? ORDER BY id',
    );
    this.#event = db.prepare('SELECT webhook_id FROM events WHERE id = ?');
    this.#insert = db.prepare(
      'INSERT INTO deliveries (event_id, destination, mode, whole, due_at, created_at, replayed) VALUES (?, ?, ?, ?, ?, ?, 1)',
    );
    this.#standAlone = db.prepare('UPDATE deliveries SET whole = 0 WHERE id = ?');
  }

  list(query: ReplayQuery): readonly ReplayableEvent[] {
    const rows = query.dead === true ? this.#dead(query) : this.#arrived(query);
    const latest = new Map(rows.map(({ id }) => [id, new Map<string, ReplayableEvent['latest'][number]>()]));
    for (const [id, destination, mode, status] of this.#deliveries.all(JSON.stringify([...latest.keys()]))) {
      latest.get(id)?.set(destination, { destination, mode, status });
    }
    return rows.map((row) => ({
      ...row,
      messageId: fromText(row.messageId),
      event: fromText(row.event),
      latest: [...(latest.get(row.id)?.values() ?? [])],
    }));
  }

  #arrived(query: ReplayQuery): readonly Row[] {
    const { where, values } = filtered([
      ['(e.received_at, e.id) > (SELECT received_at, id FROM events WHERE id = ?)', query.after],
      ['e.received_at >= ?', query.since],
      ['e.received_at < ?', query.until],
    ]);
    return this.db.query<Row>(
      `SELECT ${EVENT_COLUMNS} FROM events e INDEXED BY events_received CROSS JOIN webhooks w ON w.id = e.webhook_id
          WHERE ${where} ORDER BY e.received_at, e.id LIMIT ?`,
      ...values,
      query.limit,
    );
  }

  #dead(query: ReplayQuery): readonly Row[] {
    const { where, values } = filtered([
      ['d.event_id > ?', query.after],
      ['e.received_at >= ?', query.since],
      ['e.received_at < ?', query.until],
    ]);
    return this.db.query<Row>(
      `SELECT ${EVENT_COLUMNS} FROM deliveries d INDEXED BY deliveries_dead_events
          CROSS JOIN events e ON e.id = d.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id
          WHERE d.state = 'dead' AND ${where} AND NOT EXISTS (
            SELECT 1 FROM deliveries o INDEXED BY deliveries_dead_events
             WHERE o.state = 'dead' AND o.event_id = d.event_id AND o.id < d.id)
          ORDER BY d.event_id LIMIT ?`,
      ...values,
      query.limit,
    );
  }

  /** One after the other, so that each sees those before it. */
  add(batch: readonly NewDelivery[], now: number): readonly AddedDelivery[] {
    const added = batch.map((delivery) => this.#add(delivery, now));
    const made = added.flatMap((each) => (each.outcome === 'added' ? [each.id] : []));
    if (made[0] !== undefined) this.lines.enrollAfter(made[0] - 1);
    return added;
  }

  split(deliveryId: number, others: readonly NewDelivery[], now: number): readonly AddedDelivery[] {
    this.#standAlone.run(deliveryId);
    return this.add(others, now);
  }

  #add(delivery: NewDelivery, now: number): AddedDelivery {
    const { eventId, destination, mode } = delivery;
    const standing = this.standing(delivery);
    if (standing === null) return { outcome: 'no_event' };
    const { latest, whole } = standing;
    const outcome = outcomeBeside(latest, delivery);
    if (latest !== undefined && outcome !== 'added') return { outcome, id: latest.id };
    const made = this.#insert.run(eventId, destination, mode, whole ? 1 : 0, now, now);
    return { outcome: 'added', id: Number(made.lastInsertRowid) };
  }

  /** @returns null where there is no such event. */
  standing({
    eventId,
    destination,
    oncePerWebhook,
  }: Pick<NewDelivery, 'eventId' | 'destination' | 'oncePerWebhook'>): Standing | null {
    const event = this.#event.get(eventId);
    if (!event) return null;
    const range = [eventId - SIBLINGS, eventId + SIBLINGS, event.webhook_id] as const;
    const events = this.#siblings.all(...range);
    const isNew = isWhole(events);
    const whole = standsForWebhook({ oncePerWebhook }, isNew, events.length);
    const latest =
      oncePerWebhook && isNew
        ? this.#latestOfWebhook.get(...range, destination)
        : this.#latest.get(eventId, destination);
    return { latest, whole };
  }
}
