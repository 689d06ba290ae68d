import type { TableName } from '../copy/tables.js';

/** As SQL: the id that a number has in the copy, by the day of a time. */
export type IdOf = (time: string, number: string) => string;

/** As SQL: of a text, in bytes. */
const size = (column: string): string => `octet_length(${column})`;

/** The dead letter that a delivery `d` of an event `e` was in line behind: its own event is another one. */
const afterDead = (id: IdOf): string => `
           (SELECT ${id('coalesce(de.received_at, e.received_at)', 'd.after_dead')}
              FROM (SELECT 1) LEFT JOIN deliveries dd ON dd.id = d.after_dead LEFT JOIN events de ON de.id = dd.event_id)`;

/**
 * The rows of each table of the copy, in the order of their numbers, those after `?`. What is being sent waits, for the
 * copy: whoever sends it does not report there. An event that retention has removed leaves whoever refers to it with a
 * day that is as good as any other.
 */
export const copyRows = (id: IdOf): Readonly<Record<TableName, string>> => ({
  webhooks: `
    SELECT ${id('received_at', 'id')}, source, format, received_at, secret_index, signature, body
      FROM webhooks WHERE id > ? ORDER BY id`,
  events: `
    SELECT ${id('e.received_at', 'e.id')}, ${id('e.received_at', 'e.webhook_id')}, e.received_at, e.event, e.message_id,
           e.plain, e.files, ${id('coalesce(o.received_at, e.received_at)', 'e.duplicate_of')}, e.body
      FROM events e LEFT JOIN events o ON o.id = e.duplicate_of WHERE e.id > ? ORDER BY e.id`,
  sightings: `
    SELECT ${id('s.seen_at', 's.id')}, ${id('coalesce(e.received_at, s.seen_at)', 's.event_id')}, s.seen_at, s.format,
           s.accepted, s.key, s.subject, s.digest
      FROM sightings s LEFT JOIN events e ON e.id = s.event_id WHERE s.id > ? ORDER BY s.id`,
  deliveries: `
    SELECT ${id('e.received_at', 'd.id')}, ${id('e.received_at', 'd.event_id')}, d.destination, d.mode, d.share,
           iif(d.state IN ('pending', 'sending'), NULL, d.state), d.created_at, d.attempts, d.ended_at, d.reason,
           d.last_status, d.last_error, d.fault, ${afterDead(id)}, d.replayed
      FROM deliveries d CROSS JOIN events e ON e.id = d.event_id WHERE d.id > ? ORDER BY d.id`,
  attempts: `
    SELECT ${id('e.received_at', 'a.delivery_id')}, a.number, a.started_at, a.duration, a.status, a.error, a.response,
           a.mode, a.share, a.fault
      FROM attempts a CROSS JOIN deliveries d ON d.id = a.delivery_id CROSS JOIN events e ON e.id = d.event_id
     WHERE a.delivery_id > ? ORDER BY a.delivery_id, a.number`,
  inbox: `
    SELECT ${id('w.received_at', 'w.id')}, w.source, w.format, w.received_at, ${size('w.body')}
      FROM inbox i CROSS JOIN webhooks w ON w.id = i.webhook_id WHERE i.webhook_id > ? ORDER BY i.webhook_id`,
  quarantine: `
    SELECT ${id('w.received_at', 'w.id')}, w.source, w.format, w.received_at, ${size('w.body')}, q.state, q.reason,
           q.errors, q.note, q.changed_at
      FROM quarantine q CROSS JOIN webhooks w ON w.id = q.webhook_id WHERE q.webhook_id > ? ORDER BY q.webhook_id`,
  outbox: `
    SELECT ${id('e.received_at', 'd.id')}, ${id('e.received_at', 'd.event_id')}, ${id('e.received_at', 'e.webhook_id')},
           d.destination, d.mode, d.share, d.whole, ${size('w.body')} + coalesce(${size('e.body')}, 0), d.created_at,
           d.id, d.due_at, d.fence, d.attempts,
           EXISTS (SELECT 1 FROM destinations WHERE name = d.destination AND ordered IS NOT NULL), ${afterDead(id)}
      FROM deliveries d CROSS JOIN events e ON e.id = d.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id
     WHERE d.state IN ('pending', 'sending') AND d.id > ? ORDER BY d.id`,
  destinations: `
    SELECT name, paused_at, pause_reason, pause_note, open_until, open_reason, rate_at, ordered
      FROM destinations WHERE 0 = ?`,
  unkeyed_deliveries: `
    SELECT u.destination, u.position, ${id('e.received_at', 'd.id')}
      FROM unkeyed_deliveries u CROSS JOIN deliveries d ON d.id = u.delivery_id CROSS JOIN events e ON e.id = d.event_id
     WHERE 0 = ?`,
  delivery_keys: `
    SELECT k.destination, k.order_key, k.position, ${id('e.received_at', 'd.id')}
      FROM delivery_keys k CROSS JOIN deliveries d ON d.id = k.delivery_id CROSS JOIN events e ON e.id = d.event_id
     WHERE 0 = ?`,
  refused: `
    SELECT id, source, kept, received_at, reason, address, path, size, well_formed, signature, body
      FROM refused WHERE id > ? ORDER BY id`,
  refused_counts: `
    SELECT source, day, reason, count FROM refused_counts WHERE 0 = ?`,
  last_seen: `
    SELECT source, format, secret_index, 0, first_at, last_at, count FROM last_seen WHERE 0 = ?`,
  up_times: `
    SELECT from_at, to_at FROM up_times WHERE 0 = ?`,
  extractions_seen: `
    SELECT id, source, extraction, first_at, last_at, count FROM extractions_seen WHERE id > ? ORDER BY id`,
  fields_seen: `
    SELECT extraction_id, path, first_at, last_at, count FROM fields_seen WHERE extraction_id > ?`,
});
