import { cut, MAX_ERROR } from '../bounds.js';
import type { Backlog, DestinationVerbs } from '../destination-verbs.js';
import { hasArrived, isUnderWay, sparedReason } from '../replay-rules.js';
import type { Database, Statement } from './driver.js';
import type { Lines } from './lines.js';
import type { Replay } from './replay.js';
import { text } from './values.js';

/** What waits for destinations: how much, and an end to it. */
export class Backlogs {
  readonly #waiting: Statement<readonly [id: number, eventId: number]>;
  readonly #dead: Statement<readonly [id: number]>;
  readonly #giveUp: Statement<never>;
  readonly #move: Statement<never>;
  readonly #leaveLines: readonly Statement<never>[];

  constructor(
    private readonly db: Database,
    private readonly replay: Replay,
    private readonly lines: Lines,
  ) {
    this.#waiting = db.prepareTuples(
      `SELECT id, event_id FROM deliveries INDEXED BY deliveries_due
        WHERE destination = ? AND state = 'pending' ORDER BY due_at, id LIMIT ?`,
    );
    this.#dead = db.prepareTuples(
      `SELECT id FROM deliveries INDEXED BY deliveries_dead WHERE state = 'dead' AND destination = ? LIMIT ?`,
    );
    this.#giveUp = db.prepare(
      `UPDATE deliveries SET state = 'discarded', due_at = NULL, ended_at = ?, reason = ?
        WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#move = db.prepare(
      'UPDATE deliveries SET destination = ?, mode = ?, whole = max(whole, ?), due_at = ?, after_dead = NULL WHERE id = ?',
    );
    this.#leaveLines = [
      'DELETE FROM delivery_keys WHERE delivery_id = ?1',
      `DELETE FROM unkeyed_deliveries WHERE (destination, position, delivery_id) IN (
         SELECT d.destination, e.webhook_id, d.id FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id = ?1)`,
    ].map((sql) => db.prepare(sql));
  }

  /** What is being sent is little, of whatever destinations; what waits is counted in an index, up to the limit. */
  list(limit: number): readonly Backlog[] {
    return this.db.query<Backlog>(
      `WITH RECURSIVE names (name) AS (
         SELECT min(destination) FROM deliveries INDEXED BY deliveries_due WHERE state = 'pending'
         UNION ALL
         SELECT (SELECT min(destination) FROM deliveries INDEXED BY deliveries_due
                  WHERE state = 'pending' AND destination > name)
           FROM names WHERE name IS NOT NULL
       ),
       waiting AS (
         SELECT name AS destination, count(*) AS count, min(created_at) AS oldestAt
           FROM names, (SELECT 1)
           JOIN deliveries d ON d.id IN (
             SELECT id FROM deliveries INDEXED BY deliveries_due
              WHERE state = 'pending' AND destination = name ORDER BY due_at LIMIT ?)
          WHERE name IS NOT NULL GROUP BY name
         UNION ALL
         SELECT destination, count(*), min(created_at) FROM deliveries INDEXED BY deliveries_sending
          WHERE state = 'sending' GROUP BY destination
       )
       SELECT destination, sum(count) AS count, min(oldestAt) AS oldestAt
         FROM waiting GROUP BY destination ORDER BY destination`,
      limit,
    );
  }

  discard({ destination, reason, now, limit }: Parameters<DestinationVerbs['discardBacklog']>[0]): number {
    const waiting = this.#waiting.all(destination, limit);
    const dead = waiting.length < limit ? this.#dead.all(destination, limit - waiting.length) : [];
    const ids = [...waiting, ...dead].map(([id]) => id);
    this.#discard(ids, reason, now);
    return ids.length;
  }

  move({
    destination,
    to,
    mode,
    oncePerWebhook,
    now,
    limit,
  }: Parameters<DestinationVerbs['moveBacklog']>[0]) {
    const moved: number[] = [];
    const spared: number[] = [];
    for (const [id, eventId] of this.#waiting.all(destination, limit)) {
      const standing = this.replay.standing({ eventId, destination: to, oncePerWebhook });
      if (isUnderWay(standing?.latest) || hasArrived(standing?.latest, mode)) {
        spared.push(id);
        continue;
      }
      for (const statement of this.#leaveLines) statement.run(id);
      this.#move.run(to, mode, standing?.whole === true ? 1 : 0, now, id);
      moved.push(id);
    }
    this.#discard(spared, sparedReason(to), now);
    this.lines.enrollThese(moved);
    return { moved: moved.length, spared: spared.length };
  }

  #discard(ids: readonly number[], reason: string, now: number): void {
    if (ids.length > 0) this.#giveUp.run(now, text(cut(reason, MAX_ERROR)), JSON.stringify(ids));
  }
}
