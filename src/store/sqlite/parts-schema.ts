/**
 * Before this schema a delivery of each event of a webhook was said to stand for the whole webhook, as that of a handler in
 * the old format does. Where its destination comes to take webhooks, each would be sent as one. So what waits stands for
 * its own event alone where no other event depends on it: each repeats one that came before, has a delivery of its own
 * there that waits, or has arrived there. A replay was asked for again, whatever had arrived.
 * The events of a webhook are made together, with ids in a row. Where there are more of them than are looked at, it is
 * left as it was: it may repeat, and loses nothing.
 */
export const partsSchema = `
UPDATE deliveries AS d SET whole = 0
 WHERE d.whole = 1
   AND d.id IN (SELECT id FROM deliveries WHERE state = 'pending' UNION ALL SELECT id FROM deliveries WHERE state = 'sending')
   AND (SELECT min(s.duplicate_of IS NOT NULL OR EXISTS (
                     SELECT 1 FROM deliveries o
                      WHERE o.event_id = s.id AND o.destination = d.destination
                        AND (o.state IN ('pending', 'sending')
                             OR (o.state = 'delivered' AND o.mode = d.mode AND d.replayed = 0))))
          FROM events e JOIN events s ON s.id BETWEEN e.id - 4 AND e.id + 4 AND s.webhook_id = e.webhook_id AND s.id <> e.id
         WHERE e.id = d.event_id
           AND NOT EXISTS (SELECT 1 FROM events f WHERE f.id IN (e.id - 5, e.id + 5) AND f.webhook_id = e.webhook_id));
`;
