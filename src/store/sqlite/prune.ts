import type { Store } from '../store.js';
import type { Database, Statement } from './driver.js';

/**
 * Webhooks that one step looks through for old ones, of which there may be none: with all of them it would take seconds a
 * million, in which nobody has an answer. An index on their arrival would be written for each webhook instead.
 */
const LOOKED_THROUGH = 2_000;

/**
 * Removes what is over and old. A webhook is over once it is converted or discarded and none of its deliveries waits;
 * what waits, and what is in quarantine, stays however old it is. A dead letter is old once it has been dead for so long:
 * of a webhook that waited for weeks it would else be gone before anybody saw it.
 */
export class Prune {
  readonly #oldest: Statement<readonly [id: number, over: number]>;
  readonly #lastLookedThrough: Statement<readonly [id: number]>;
  readonly #events: Statement<readonly [id: number]>;
  readonly #deleteEvents: readonly Statement<never>[];
  readonly #deleteWebhooks: readonly Statement<never>[];
  readonly #lastOldSighting: Statement<readonly [id: number | null]>;
  readonly #deleteSightings: readonly Statement<never>[];

  constructor(db: Database) {
    this.#oldest = db.prepareTuples(
      `SELECT w.id, NOT EXISTS (SELECT 1 FROM inbox i WHERE i.webhook_id = w.id)
                AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.webhook_id = w.id AND q.state = 'quarantined')
                AND NOT EXISTS (
                  SELECT 1 FROM events e INDEXED BY events_received
                    JOIN deliveries d INDEXED BY deliveries_event ON d.event_id = e.id
                   WHERE e.received_at = w.received_at AND e.webhook_id = w.id
                     AND (d.state IN ('pending', 'sending') OR (d.state = 'dead' AND d.ended_at >= ?2)))
         FROM (SELECT id, received_at FROM webhooks WHERE id > ?1 ORDER BY id LIMIT ${LOOKED_THROUGH}) w
        WHERE w.received_at < ?2 ORDER BY w.id LIMIT ?3`,
    );
    this.#lastLookedThrough = db.prepareTuples(
      `SELECT id FROM webhooks WHERE id > ? ORDER BY id LIMIT 1 OFFSET ${LOOKED_THROUGH - 1}`,
    );
    this.#events = db.prepareTuples(
      `SELECT e.id FROM json_each(?) j CROSS JOIN webhooks w ON w.id = j.value
         CROSS JOIN events e INDEXED BY events_received ON e.received_at = w.received_at AND e.webhook_id = w.id`,
    );
    const ofEvents = 'event_id IN (SELECT value FROM json_each(?))';
    this.#deleteEvents = [
      `DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE ${ofEvents})`,
      `DELETE FROM unkeyed_deliveries WHERE (destination, position, delivery_id) IN (
         SELECT d.destination, e.webhook_id, d.id FROM deliveries d CROSS JOIN events e ON e.id = d.event_id
          WHERE d.${ofEvents})`,
      `DELETE FROM delivery_keys WHERE delivery_id IN (SELECT id FROM deliveries WHERE ${ofEvents})`,
      `DELETE FROM deliveries WHERE ${ofEvents}`,
      `DELETE FROM events_by_message WHERE (ending, event_id) IN (
         SELECT substr(message_id, -8), id FROM events WHERE id IN (SELECT value FROM json_each(?)))`,
      'DELETE FROM events WHERE id IN (SELECT value FROM json_each(?))',
    ].map((sql) => db.prepare(sql));
    this.#deleteWebhooks = [
      'DELETE FROM quarantine WHERE webhook_id IN (SELECT value FROM json_each(?))',
      'DELETE FROM webhooks WHERE id IN (SELECT value FROM json_each(?))',
    ].map((sql) => db.prepare(sql));
    this.#lastOldSighting = db.prepareTuples(
      `SELECT max(id) FROM (SELECT id, seen_at FROM sightings ORDER BY id LIMIT ?) WHERE seen_at < ?`,
    );
    this.#deleteSightings = [
      `DELETE FROM sightings_by_key WHERE (key, sighting_id) IN (SELECT key, id FROM sightings WHERE id <= ?)`,
      'DELETE FROM sightings WHERE id <= ?',
    ].map((sql) => db.prepare(sql));
  }

  step({ before, after, limit, dryRun = false }: Parameters<Store['prune']>[0]) {
    const looked = this.#oldest.all(after, before, limit);
    const removable = looked.filter(([, over]) => over === 1).map(([id]) => id);
    const last = looked.length === limit ? looked.at(-1) : this.#lastLookedThrough.get(after);
    const reached = last?.[0] ?? null;
    if (dryRun) return { removed: removable.length, next: reached };
    if (removable.length > 0) this.#remove(removable);
    const [lastOld] = this.#lastOldSighting.get(limit, before) ?? [null];
    if (lastOld !== null) for (const statement of this.#deleteSightings) statement.run(lastOld);
    const next = reached ?? (lastOld === null ? null : (looked.at(-1)?.[0] ?? after));
    return { removed: removable.length, next };
  }

  #remove(webhooks: readonly number[]): void {
    const ids = JSON.stringify(webhooks);
    const events = JSON.stringify(this.#events.all(ids).map(([id]) => id));
    for (const statement of this.#deleteEvents) statement.run(events);
    for (const statement of this.#deleteWebhooks) statement.run(ids);
  }
}
