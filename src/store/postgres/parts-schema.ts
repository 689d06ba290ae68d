import { sameDay } from './ids.js';

/**
 * Before this schema a delivery of each event of a webhook was said to stand for the whole webhook, as that of a handler in
 * the old format does. Where its destination comes to take webhooks, each would be sent as one. So what waits stands for
 * its own event alone where no other event depends on it: each repeats one that came before, has a delivery of its own
 * there that waits, or has arrived there. A replay was asked for again, whatever had arrived.
 */
export const partsSchema = `
UPDATE outbox w SET whole = false
  FROM deliveries d
 WHERE w.whole AND d.id = w.delivery_id
   AND (SELECT bool_and(s.duplicate_of IS NOT NULL OR EXISTS (
                          SELECT 1 FROM deliveries o
                           WHERE o.event_id = s.id AND ${sameDay('o.id', 's.id')} AND o.destination = w.destination
                             AND (o.state IS NULL OR (o.state = 'delivered' AND o.mode = w.mode AND NOT d.replayed))))
          FROM events s
         WHERE s.webhook_id = w.webhook_id AND s.id <> w.event_id AND ${sameDay('s.id', 'w.event_id')});
`;
