/** As SQL, for every store: what is read of rows, by the names that it has here. */

/** Of an event `e` and its webhook `w`. */
export const EVENT_COLUMNS = `e.id, e.message_id AS "messageId", e.webhook_id AS "webhookId", w.source, w.format, e.event,
  e.received_at AS "receivedAt", e.duplicate_of AS "duplicateOf"`;

/** Of an attempt. */
export const ATTEMPT_COLUMNS =
  'started_at AS "startedAt", duration, status, error, response, mode, share, fault';
