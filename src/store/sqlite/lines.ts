import type { DeliveryState, Format, OrderedBy } from '../../model.js';
import type { DestinationVerbs, UnkeyedDelivery } from '../destination-verbs.js';
import type { Bodies } from './bodies.js';
import type { Database, Statement } from './driver.js';
import { fromText, type Text } from './values.js';

type Head = readonly [
  key: string,
  position: number,
  id: number,
  state: DeliveryState | null,
  dueAt: number | null,
];

/**
 * Lines that one claim looks at: the next one goes on behind them, so that a claim takes about a millisecond however
 * many there are, and none is left out for ever.
 */
const LINES = 500;

/** Deliveries in order: which line each is in, and what comes first in it. */
export class Lines {
  readonly #anyOrdered: Statement<unknown>;
  readonly #enrollAfter: Statement<never>;
  readonly #enrollThese: Statement<never>;
  readonly #enrollWaiting: Statement<never>;
  readonly #clear: readonly Statement<never>[];
  readonly #unkeyed: Statement<
    readonly [
      id: number,
      whole: number,
      eventId: number,
      event: Text,
      hasBody: number,
      plain: number,
      ...Webhook,
    ]
  >;
  readonly #leaveUnkeyed: Statement<{ position: number }>;
  readonly #enter: Statement<never>;
  readonly #leave: Statement<never>;
  readonly #barrier: Statement<readonly [position: number | null]>;
  readonly #busy: Statement<readonly [key: string | null]>;
  readonly #next: Statement<Head>;
  readonly #head: Statement<Head>;
  readonly #keys: Statement<readonly [key: string]>;
  readonly #passDead: Statement<never>;
  /** Where the last claim of each destination ended. */
  readonly #reached = new Map<string, string>();

  constructor(
    db: Database,
    private readonly bodies: Bodies,
  ) {
    this.#anyOrdered = db.prepare('SELECT 1 FROM destinations WHERE ordered IS NOT NULL LIMIT 1');
    const enroll = `INSERT OR IGNORE INTO unkeyed_deliveries
      SELECT d.destination, e.webhook_id, d.id FROM deliveries d CROSS JOIN events e ON e.id = d.event_id`;
    const inOrder = 'd.destination IN (SELECT name FROM destinations WHERE ordered IS NOT NULL)';
    this.#enrollAfter = db.prepare(`${enroll} WHERE d.id > ? AND ${inOrder}`);
    this.#enrollThese = db.prepare(`${enroll} WHERE d.id IN (SELECT value FROM json_each(?)) AND ${inOrder}`);
    // Two states, each with its partial index.
    this.#enrollWaiting = db.prepare(
      `${enroll} WHERE d.id IN (
         SELECT id FROM deliveries WHERE state = 'pending' AND destination = ?1
         UNION ALL SELECT id FROM deliveries WHERE state = 'sending' AND destination = ?1)`,
    );
    this.#clear = ['unkeyed_deliveries', 'delivery_keys'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE destination = ?`),
    );
    this.#unkeyed = db.prepareTuples(
      `SELECT d.id, d.whole, e.id, e.event, e.body IS NOT NULL, e.plain, w.id, w.source, w.format, w.signature
         FROM unkeyed_deliveries u CROSS JOIN deliveries d ON d.id = u.delivery_id
        CROSS JOIN events e ON e.id = d.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id
        WHERE u.destination = ? ORDER BY u.position, u.delivery_id LIMIT ?`,
    );
    this.#leaveUnkeyed = db.prepare(
      `DELETE FROM unkeyed_deliveries WHERE destination = ?1 AND delivery_id = ?2 AND position = (
         SELECT e.webhook_id FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id = ?2)
       RETURNING position`,
    );
    this.#enter = db.prepare('INSERT OR IGNORE INTO delivery_keys VALUES (?, ?, ?, ?)');
    this.#leave = db.prepare(
      'DELETE FROM delivery_keys WHERE destination = ? AND order_key = ? AND position = ? AND delivery_id = ?',
    );
    this.#barrier = db.prepareTuples(
      `SELECT min(position) FROM (SELECT min(webhook_id) AS position FROM inbox
        UNION ALL SELECT min(position) FROM unkeyed_deliveries WHERE destination = ?)`,
    );
    this.#busy = db.prepareTuples(
      `SELECT k.order_key FROM deliveries d INDEXED BY deliveries_sending
         LEFT JOIN delivery_keys k INDEXED BY delivery_keys_delivery
           ON k.delivery_id = d.id AND k.destination = d.destination
        WHERE d.state = 'sending' AND d.destination = ?`,
    );
    const head = (which: string): Statement<Head> =>
      db.prepareTuples(
        `SELECT k.order_key, k.position, k.delivery_id, d.state, d.due_at
           FROM delivery_keys k LEFT JOIN deliveries d ON d.id = k.delivery_id
          WHERE k.destination = ? AND k.order_key ${which} ?
          ORDER BY k.order_key, k.position, k.delivery_id LIMIT 1`,
      );
    this.#next = head('>');
    this.#head = head('=');
    this.#keys = db.prepareTuples(
      'SELECT order_key FROM delivery_keys INDEXED BY delivery_keys_delivery WHERE delivery_id = ? AND destination = ?',
    );
    this.#passDead = db.prepare('UPDATE deliveries SET after_dead = ? WHERE id = ?');
  }

  /** @param last the newest delivery before those that were made just now. */
  enrollAfter(last: number): void {
    if (this.#anyOrdered.get() !== undefined) this.#enrollAfter.run(last);
  }

  /** Deliveries that have another destination now. */
  enrollThese(ids: readonly number[]): void {
    this.#enrollThese.run(JSON.stringify(ids));
  }

  /** Begins anew: all that waits needs its keys. */
  restart(destination: string, by: OrderedBy | null): void {
    for (const statement of this.#clear) statement.run(destination);
    if (by !== null) this.#enrollWaiting.run(destination);
  }

  unkeyed({
    destination,
    limit,
  }: Parameters<DestinationVerbs['listUnkeyed']>[0]): readonly UnkeyedDelivery[] {
    const { bodies } = this;
    return this.#unkeyed
      .all(destination, limit)
      .map(([id, whole, eventId, event, hasBody, plain, webhookId, source, format, signature]) => ({
        id,
        whole: whole === 1,
        event: fromText(event),
        get body() {
          return hasBody === 1 ? bodies.ofEvent(eventId) : null;
        },
        plain: plain === 1,
        webhook: bodies.webhook(webhookId, source, format, signature),
      }));
  }

  key({
    destination,
    deliveries,
  }: Pick<Parameters<DestinationVerbs['keyDeliveries']>[0], 'destination' | 'deliveries'>): number {
    let count = 0;
    for (const { deliveryId, keys } of deliveries) {
      const left = this.#leaveUnkeyed.get(destination, deliveryId);
      if (left === undefined) continue;
      count += 1;
      for (const key of keys) this.#enter.run(destination, key, left.position, deliveryId);
    }
    return count;
  }

  /** Deliveries that are due and come first in each of their lines, while nothing else of these is being sent. */
  heads(destination: string, limit: number, now: number): readonly number[] {
    const barrier = this.#barrier.get(destination)?.[0] ?? Number.POSITIVE_INFINITY;
    const busy = new Set(this.#busy.all(destination).map(([each]) => each));
    // Something is being sent of which it is not known yet what it is in line with.
    if (busy.has(null)) return [];
    const found: number[] = [];
    let key = this.#reached.get(destination) ?? '';
    let wrapped = key === '';
    for (let looked = 0; looked < LINES && found.length < limit; looked += 1) {
      const next = this.#next.get(destination, key);
      if (next === undefined) {
        key = '';
        if (wrapped) break;
        wrapped = true;
        continue;
      }
      [key] = next;
      const head = this.#waiting(destination, next);
      if (head === undefined) continue;
      const [, position, id, state, dueAt] = head;
      if (state !== 'pending' || dueAt === null || dueAt > now || position >= barrier) continue;
      const keys = this.#keys.all(id, destination).map(([each]) => each);
      if (!keys.every((each) => !busy.has(each) && this.#isHead(destination, each, id))) continue;
      found.push(id);
      for (const each of keys) busy.add(each);
    }
    this.#reached.set(destination, key);
    return found;
  }

  #isHead(destination: string, key: string, id: number): boolean {
    const first = this.#head.get(destination, key);
    return first !== undefined && this.#waiting(destination, first)?.[2] === id;
  }

  /** The first of a line that has not ended; what has is taken out on the way. */
  #waiting(destination: string, first: Head): Head | undefined {
    let head: Head | undefined = first;
    let dead: number | null = null;
    while (head !== undefined && head[3] !== 'pending' && head[3] !== 'sending') {
      const [key, position, id, state]: Head = head;
      if (state === 'dead') dead = id;
      this.#leave.run(destination, key, position, id);
      head = this.#head.get(destination, key);
    }
    if (head !== undefined && dead !== null) this.#passDead.run(dead, head[2]);
    return head;
  }
}

type Webhook = readonly [id: number, source: string, format: Format, signature: Text];
