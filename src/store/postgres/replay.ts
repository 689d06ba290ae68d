import { EVENT_COLUMNS } from '../columns.js';
import type { AddedDelivery, NewDelivery, ReplayableEvent, ReplayQuery } from '../rows.js';
import { int8s } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import { filtered, whole } from './filtered.js';
import { LOCK, lockAlone } from './locks.js';
import { insertDeliveries } from './new-deliveries.js';
import { planReplay } from './plan-replay.js';
import { DELIVERIES, Standings } from './standings.js';
import { fromText } from './values.js';

type Row = Omit<ReplayableEvent, 'latest'>;

const NUMBERS: Statement<{ number: number }> = {
  name: 'delivery_numbers',
  text: `SELECT nextval('deliveries_id') AS number FROM generate_series(1, $1::bigint)`,
};

const STAND_ALONE: Statement<never> = {
  name: 'stand_alone',
  text: 'UPDATE outbox SET whole = false WHERE delivery_id = $1',
};

/** Deliveries once more: which events there are for it, and the new deliveries. */
export class Replay {
  constructor(private readonly db: Database) {}

  async list(query: ReplayQuery): Promise<readonly ReplayableEvent[]> {
    const rows = await (query.dead === true ? this.#dead(query) : this.#arrived(query));
    const latest = new Map(rows.map(({ id }) => [id, new Map<string, ReplayableEvent['latest'][number]>()]));
    const deliveries = await this.db.query(DELIVERIES, int8s([...latest.keys()]));
    for (const { eventId, destination, mode, state } of deliveries) {
      latest.get(eventId)?.set(destination, { destination, mode, status: state });
    }
    return rows.map((row) => ({
      ...row,
      messageId: fromText(row.messageId),
      event: fromText(row.event),
      latest: [...(latest.get(row.id)?.values() ?? [])],
    }));
  }

  #arrived(query: ReplayQuery): Promise<readonly Row[]> {
    const { where, values } = filtered([
      ['(e.received_at, e.id) > ((SELECT received_at FROM events WHERE id = ?), ?)', query.after],
      ['e.received_at >= ?', query.since],
      ['e.received_at < ?', query.until],
    ]);
    return this.db.query(
      {
        text: `SELECT ${EVENT_COLUMNS} FROM events e JOIN webhooks w ON w.id = e.webhook_id WHERE ${where}
                ORDER BY e.received_at, e.id LIMIT ${whole(query.limit)}`,
      },
      ...values,
    );
  }

  #dead(query: ReplayQuery): Promise<readonly Row[]> {
    const after = filtered([['event_id > ?', query.after]]);
    const { where, values } = filtered([
      ['e.id > ?', query.after],
      ['e.received_at >= ?', query.since],
      ['e.received_at < ?', query.until],
    ]);
    return this.db.query(
      {
        text: `SELECT ${EVENT_COLUMNS}
                 FROM (SELECT DISTINCT event_id FROM deliveries WHERE state = 'dead' AND ${after.where}
                        ORDER BY event_id) d
                 JOIN events e ON e.id = d.event_id JOIN webhooks w ON w.id = e.webhook_id
                WHERE ${where} ORDER BY d.event_id LIMIT ${whole(query.limit)}`,
      },
      ...values,
    );
  }

  /** One batch at a time, so that each sees those before it. */
  async add(batch: readonly NewDelivery[], now: number): Promise<readonly AddedDelivery[]> {
    return batch.length === 0 ? [] : this.db.transaction((session) => add(session, batch, now));
  }

  split(deliveryId: number, others: readonly NewDelivery[], now: number): Promise<readonly AddedDelivery[]> {
    return this.db.transaction((session) => {
      session.send(STAND_ALONE, deliveryId);
      return add(session, others, now);
    });
  }
}

async function add(
  session: Session,
  batch: readonly NewDelivery[],
  now: number,
): Promise<readonly AddedDelivery[]> {
  lockAlone(session, LOCK.replay);
  const [standings, numbers] = await Promise.all([
    Standings.lookUp(
      session,
      batch.map(({ eventId }) => eventId),
    ),
    session.query(NUMBERS, batch.length),
  ]);
  const { made, outcomes } = planReplay(
    batch,
    standings,
    numbers.map(({ number }) => number),
    now,
  );
  insertDeliveries(session, made, { now, replayed: true });
  return outcomes;
}
