/**
 * The first schema. Times are milliseconds since the epoch. What is written for each webhook is written at the end of
 * its table and its indexes: a key in random order costs a page of the disk for each row (measured, over 400,000 rows:
 * two such indexes made the inserts for a webhook of 4 KB take 160 to 200 µs instead of 60 to 75), so those are built
 * later, sorted, by `late-index.ts`.
 */
export const schema1 = `
-- Each authentic request as it came. Rows are never changed: where a webhook stands is told by inbox and quarantine.
CREATE TABLE webhooks (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  source       TEXT    NOT NULL,
  format       TEXT    NOT NULL,
  received_at  INTEGER NOT NULL,
  secret_index INTEGER NOT NULL,
  signature    TEXT    NOT NULL,
  body         TEXT    NOT NULL
);

-- Who has sent what, since ever: a handful of rows.
CREATE TABLE last_seen (
  source       TEXT    NOT NULL,
  format       TEXT    NOT NULL,
  secret_index INTEGER NOT NULL,
  first_at     INTEGER NOT NULL,
  last_at      INTEGER NOT NULL,
  count        INTEGER NOT NULL,
  PRIMARY KEY (source, format, secret_index)
) WITHOUT ROWID;

-- Webhooks that wait for conversion, with what an event takes over from them.
CREATE TABLE inbox (
  webhook_id  INTEGER PRIMARY KEY,
  format      TEXT    NOT NULL,
  received_at INTEGER NOT NULL
);

-- Webhooks that could not be converted: state is quarantined, or discarded by a person. errors is a JSON array.
CREATE TABLE quarantine (
  webhook_id INTEGER PRIMARY KEY,
  state      TEXT    NOT NULL,
  reason     TEXT    NOT NULL,
  errors     TEXT    NOT NULL,
  note       TEXT,
  changed_at INTEGER NOT NULL
);
CREATE INDEX quarantine_open ON quarantine (webhook_id) WHERE state = 'quarantined';

-- Webhooks with their state: received, converted, quarantined or discarded.
CREATE VIEW webhook_states AS
  SELECT w.*, q.reason, q.errors, q.note,
         CASE WHEN q.state IS NOT NULL THEN q.state WHEN i.webhook_id IS NOT NULL THEN 'received' ELSE 'converted' END AS state
    FROM webhooks w
    LEFT JOIN quarantine q ON q.webhook_id = w.id
    LEFT JOIN inbox i ON i.webhook_id = w.id;

-- received_at is the webhook's. body is null where it is made from the webhook's. duplicate_of: the event accepted before.
CREATE TABLE events (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  webhook_id   INTEGER NOT NULL,
  received_at  INTEGER NOT NULL,
  event        TEXT    NOT NULL,
  message_id   TEXT    NOT NULL,
  plain        INTEGER NOT NULL,
  files        INTEGER NOT NULL,
  duplicate_of INTEGER,
  body         TEXT
);
CREATE INDEX events_received ON events (received_at);

-- Each file of each event, as often as it was seen: accepted is 1 where its event was delivered, 0 where it was a
-- duplicate. key is made of the first three bytes of subject and of digest.
CREATE TABLE sightings (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id INTEGER NOT NULL,
  seen_at  INTEGER NOT NULL,
  format   TEXT    NOT NULL,
  accepted INTEGER NOT NULL,
  key      INTEGER NOT NULL,
  subject  BLOB    NOT NULL,
  digest   BLOB    NOT NULL
);

-- Late indexes: accepted sightings by their key, events by the last characters of message_id.
CREATE TABLE sightings_by_key (key INTEGER, sighting_id INTEGER, PRIMARY KEY (key, sighting_id)) WITHOUT ROWID;
CREATE TABLE events_by_message (ending TEXT, event_id INTEGER, PRIMARY KEY (ending, event_id)) WITHOUT ROWID;
CREATE TABLE late_indexes (name TEXT PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO late_indexes VALUES ('sightings_by_key', 0), ('events_by_message', 0);

-- state is pending, sending, delivered, dead or missed; mode is live or shadow, share a percentage; whole is 0
-- where the rest of its webhook had been delivered before; replayed is 1 where it was made for an event that had been
-- converted before. fence counts the claims: only the latest may settle.
CREATE TABLE deliveries (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id    INTEGER NOT NULL,
  destination TEXT    NOT NULL,
  mode        TEXT    NOT NULL DEFAULT 'live',
  share       REAL    NOT NULL DEFAULT 100,
  whole       INTEGER NOT NULL DEFAULT 1,
  state       TEXT    NOT NULL DEFAULT 'pending',
  due_at      INTEGER,
  created_at  INTEGER NOT NULL,
  fence       INTEGER NOT NULL DEFAULT 0,
  attempts    INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER,
  ended_at    INTEGER,
  reason      TEXT,
  last_status INTEGER,
  last_error  TEXT,
  replayed    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX deliveries_due ON deliveries (destination, due_at) WHERE state = 'pending';
CREATE INDEX deliveries_sending ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_dead ON deliveries (created_at) WHERE state = 'dead';
CREATE INDEX deliveries_missed ON deliveries (created_at) WHERE state = 'missed';
CREATE INDEX deliveries_dead_events ON deliveries (event_id) WHERE state = 'dead';
CREATE INDEX deliveries_created ON deliveries (created_at);
CREATE INDEX deliveries_event ON deliveries (event_id);

CREATE TABLE attempts (
  delivery_id INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  duration    INTEGER NOT NULL,
  status      INTEGER,
  error       TEXT,
  response    TEXT,
  mode        TEXT    NOT NULL,
  share       REAL    NOT NULL,
  PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

-- Which fields the results of each extraction have, by a sample: written once a minute.
CREATE TABLE extractions_seen (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  source     TEXT    NOT NULL,
  extraction TEXT    NOT NULL,
  first_at   INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  UNIQUE (source, extraction)
);
CREATE TABLE fields_seen (
  extraction_id INTEGER NOT NULL,
  path          TEXT    NOT NULL,
  first_at      INTEGER NOT NULL,
  last_at       INTEGER NOT NULL,
  count         INTEGER NOT NULL,
  PRIMARY KEY (extraction_id, path)
) WITHOUT ROWID;

-- One row, written to prove that writing is possible.
CREATE TABLE health (id INTEGER PRIMARY KEY CHECK (id = 1), written_at INTEGER NOT NULL);
`;
