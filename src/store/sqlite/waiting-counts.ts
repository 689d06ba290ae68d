import type { Waiting } from '../rows.js';
import type { Database } from './driver.js';

type Of<Key extends 'quarantined' | 'pending' | 'dead'> = Waiting[Key][number];

/** Counts that stop at a limit, over indexes that hold nothing but what waits. */
export function countWaiting(db: Database, limit: number): Waiting {
  const [received] = db.query<{ count: number }>(
    'SELECT count(*) AS count FROM (SELECT 1 FROM inbox LIMIT ?)',
    limit,
  );
  const [first] = db.query<{ receivedAt: number }>(
    'SELECT received_at AS receivedAt FROM inbox ORDER BY webhook_id LIMIT 1',
  );
  const quarantined = db.query<Of<'quarantined'>>(
    `SELECT w.source, count(*) AS count
       FROM (SELECT webhook_id FROM quarantine INDEXED BY quarantine_open
              WHERE state = 'quarantined' LIMIT ?) q
      CROSS JOIN webhooks w ON w.id = q.webhook_id GROUP BY w.source ORDER BY w.source`,
    limit,
  );
  // Goes from one destination to the next in the index, past all that lies between.
  const pending = db.query<Of<'pending'>>(
    `WITH RECURSIVE names (name) AS (
       SELECT min(destination) FROM deliveries INDEXED BY deliveries_due WHERE state = 'pending'
       UNION ALL
       SELECT (SELECT min(destination) FROM deliveries INDEXED BY deliveries_due
                WHERE state = 'pending' AND destination > name)
         FROM names WHERE name IS NOT NULL
     )
     SELECT name AS destination,
            (SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_due
              WHERE state = 'pending' AND destination = name LIMIT ?)) AS count,
            (SELECT min(due_at) FROM deliveries INDEXED BY deliveries_due
              WHERE state = 'pending' AND destination = name) AS dueAt
       FROM names WHERE name IS NOT NULL`,
    limit,
  );
  const dead = db.query<Of<'dead'>>(
    `SELECT w.source, d.destination, count(*) AS count
       FROM (SELECT id, event_id, destination FROM deliveries INDEXED BY deliveries_dead
              WHERE state = 'dead' ORDER BY created_at DESC LIMIT ?) d
      CROSS JOIN events e ON e.id = d.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id
      WHERE NOT EXISTS (SELECT 1 FROM deliveries l INDEXED BY deliveries_event
                         WHERE l.event_id = d.event_id AND l.destination = d.destination
                           AND l.state = 'delivered' AND l.id > d.id)
      GROUP BY w.source, d.destination ORDER BY w.source, d.destination`,
    limit,
  );
  return {
    received: received?.count ?? 0,
    receivedSince: first?.receivedAt ?? null,
    quarantined,
    pending,
    dead,
  };
}
