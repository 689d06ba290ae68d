import type { Waiting } from '../rows.js';
import type { Database, Statement } from './database.js';
import { sameDay } from './ids.js';

type Of<Key extends 'quarantined' | 'pending' | 'dead'> = Statement<Waiting[Key][number]>;

const RECEIVED: Statement<{ count: number }> = {
  name: 'count_received',
  text: 'SELECT count(*) AS count FROM (SELECT 1 FROM inbox LIMIT $1) i',
};

const FIRST_RECEIVED: Statement<{ receivedAt: number }> = {
  name: 'first_received',
  text: 'SELECT received_at AS "receivedAt" FROM inbox ORDER BY webhook_id LIMIT 1',
};

const QUARANTINED: Of<'quarantined'> = {
  name: 'count_quarantined',
  text: `SELECT source, count(*) AS count
           FROM (SELECT source FROM quarantine WHERE state = 'quarantined' ORDER BY webhook_id LIMIT $1) q
          GROUP BY source ORDER BY source`,
};

/** Goes from one destination to the next in the index, past all that lies between. */
const PENDING: Of<'pending'> = {
  name: 'count_pending',
  text: `WITH RECURSIVE names (name) AS (
           (SELECT destination FROM outbox WHERE state = 'pending' ORDER BY destination LIMIT 1)
           UNION ALL
           SELECT (SELECT destination FROM outbox WHERE state = 'pending' AND destination > name
                    ORDER BY destination LIMIT 1)
             FROM names WHERE name IS NOT NULL
         )
         SELECT name AS destination,
                (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'pending' AND destination = name
                                        LIMIT $1) o) AS count,
                (SELECT due_at FROM outbox WHERE state = 'pending' AND destination = name
                  ORDER BY due_at LIMIT 1) AS "dueAt"
           FROM names WHERE name IS NOT NULL`,
};

const DEAD: Of<'dead'> = {
  name: 'count_dead',
  text: `WITH d AS MATERIALIZED (
           SELECT id, event_id, destination FROM deliveries WHERE state = 'dead'
            ORDER BY created_at DESC, id DESC LIMIT $1
         )
         SELECT w.source, d.destination, count(*) AS count
           FROM d JOIN events e ON e.id = d.event_id JOIN webhooks w ON w.id = e.webhook_id
          WHERE NOT EXISTS (SELECT 1 FROM deliveries l
                             WHERE l.event_id = d.event_id AND l.destination = d.destination AND l.state = 'delivered'
                               AND l.id > d.id AND ${sameDay('l.id', 'd.id')})
          GROUP BY 1, 2 ORDER BY 1, 2`,
};

/** Counts that stop at a limit, over tables and indexes that hold nothing but what waits. */
export async function countWaiting(db: Database, limit: number): Promise<Waiting> {
  const [[received], [first], quarantined, pending, dead] = await Promise.all([
    db.query(RECEIVED, limit),
    db.query(FIRST_RECEIVED),
    db.query(QUARANTINED, limit),
    db.query(PENDING, limit),
    db.query(DEAD, limit),
  ]);
  return {
    received: received?.count ?? 0,
    receivedSince: first?.receivedAt ?? null,
    quarantined,
    pending,
    dead,
  };
}
