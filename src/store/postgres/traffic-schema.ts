/**
 * Webhooks, and what is made of them. Times are milliseconds since the epoch. What grows with the traffic is partitioned by day (see
 * `ids.ts`); what waits is kept apart from it, in tables that hold nothing else: so looking for work costs the same
 * whatever the history, a claim rewrites a short row and no index of a large table, and a day is dropped without a look
 * at its rows. Names, times and ids are compared as bytes (COLLATE "C"), whatever the database's language.
 */
export const trafficSchema = `
CREATE SEQUENCE webhooks_id   MAXVALUE 99999999999 CYCLE;
CREATE SEQUENCE events_id     MAXVALUE 99999999999 CYCLE;
CREATE SEQUENCE deliveries_id MAXVALUE 99999999999 CYCLE;
CREATE SEQUENCE sightings_id  MAXVALUE 99999999999 CYCLE;

-- Each authentic request as it came. Rows are never changed: where a webhook stands is told by inbox and quarantine.
CREATE TABLE webhooks (
  id           bigint  NOT NULL PRIMARY KEY,
  source       text    COLLATE "C" NOT NULL,
  format       text    COLLATE "C" NOT NULL,
  received_at  bigint  NOT NULL,
  secret_index integer NOT NULL,
  signature    text    COLLATE "C" NOT NULL,
  body         text    COLLATE "C" NOT NULL
) PARTITION BY RANGE (id);

-- Who has sent what, since ever. Several slots for each, which are added up: with one row for all, each commit would
-- wait for the one before.
CREATE TABLE last_seen (
  source       text    COLLATE "C" NOT NULL,
  format       text    COLLATE "C" NOT NULL,
  secret_index integer NOT NULL,
  slot         integer NOT NULL,
  first_at     bigint  NOT NULL,
  last_at      bigint  NOT NULL,
  count        bigint  NOT NULL,
  PRIMARY KEY (source, format, secret_index, slot)
) WITH (fillfactor = 50);

-- Webhooks that wait for conversion, with what an event takes over from them. Nobody else converts one before
-- lease_until. size is about that of the body in bytes.
CREATE TABLE inbox (
  webhook_id  bigint  NOT NULL PRIMARY KEY,
  source      text    COLLATE "C" NOT NULL,
  format      text    COLLATE "C" NOT NULL,
  received_at bigint  NOT NULL,
  size        integer NOT NULL,
  lease_until bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Webhooks that could not be converted: state is quarantined, or discarded by a person. errors is a JSON array.
CREATE TABLE quarantine (
  webhook_id  bigint  NOT NULL PRIMARY KEY,
  source      text    COLLATE "C" NOT NULL,
  format      text    COLLATE "C" NOT NULL,
  received_at bigint  NOT NULL,
  size        integer NOT NULL,
  state       text    COLLATE "C" NOT NULL,
  reason      text    COLLATE "C" NOT NULL,
  errors      text    COLLATE "C" NOT NULL,
  note        text    COLLATE "C",
  changed_at  bigint  NOT NULL
);
CREATE INDEX quarantine_open ON quarantine (webhook_id) WHERE state = 'quarantined';

-- received_at is the webhook's. body is null where it is made from the webhook's. duplicate_of: the event accepted before.
CREATE TABLE events (
  id           bigint  NOT NULL PRIMARY KEY,
  webhook_id   bigint  NOT NULL,
  received_at  bigint  NOT NULL,
  event        text    COLLATE "C" NOT NULL,
  message_id   text    COLLATE "C" NOT NULL,
  plain        boolean NOT NULL,
  files        integer NOT NULL,
  duplicate_of bigint,
  body         text    COLLATE "C"
) PARTITION BY RANGE (id);
CREATE INDEX ON events (received_at, id);
CREATE INDEX ON events (webhook_id);
CREATE INDEX ON events (message_id);

-- Each file of each event, as often as it was seen: accepted where its event was delivered, and not a duplicate. key is
-- made of the first three bytes of subject and of digest.
CREATE TABLE sightings (
  id       bigint  NOT NULL PRIMARY KEY,
  event_id bigint  NOT NULL,
  seen_at  bigint  NOT NULL,
  format   text    COLLATE "C" NOT NULL,
  accepted boolean NOT NULL,
  key      bigint  NOT NULL,
  subject  bytea   NOT NULL,
  digest   bytea   NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX ON sightings (key) WHERE accepted;

-- state is null while it is in the outbox, which knows more; then delivered, dead or missed. mode is live or shadow,
-- share a percentage; whole is false where the rest of its webhook had been delivered before; replayed where it was made
-- for an event that had been converted before. fault: whose it is that the last attempt failed, the shim's or the
-- destination's. after_dead: the dead letter that it was in line behind.
CREATE TABLE deliveries (
  id          bigint  NOT NULL PRIMARY KEY,
  event_id    bigint  NOT NULL,
  destination text    COLLATE "C" NOT NULL,
  mode        text    COLLATE "C" NOT NULL,
  share       double precision NOT NULL,
  state       text    COLLATE "C",
  created_at  bigint  NOT NULL,
  attempts    integer NOT NULL DEFAULT 0,
  ended_at    bigint,
  reason      text    COLLATE "C",
  last_status integer,
  last_error  text    COLLATE "C",
  fault       text    COLLATE "C",
  after_dead  bigint,
  replayed    boolean NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX ON deliveries (created_at, id);
CREATE INDEX ON deliveries (event_id);
CREATE INDEX ON deliveries (created_at, id) WHERE state = 'dead';
CREATE INDEX ON deliveries (created_at, id) WHERE state = 'missed';
CREATE INDEX ON deliveries (event_id) WHERE state = 'dead';
CREATE INDEX ON deliveries (fault, created_at, id) WHERE fault IS NOT NULL;

-- Deliveries that go on: state is pending or sending. number grows with each that is made, whatever the day of its id.
-- fence counts the claims: only the latest may settle. size is about that of the body in bytes. lined: it is only given
-- out as the head of its lines, since its destination is in order.
CREATE TABLE outbox (
  delivery_id bigint  NOT NULL PRIMARY KEY,
  event_id    bigint  NOT NULL,
  webhook_id  bigint  NOT NULL,
  destination text    COLLATE "C" NOT NULL,
  mode        text    COLLATE "C" NOT NULL,
  share       double precision NOT NULL,
  whole       boolean NOT NULL,
  size        integer NOT NULL,
  created_at  bigint  NOT NULL,
  number      bigint  NOT NULL,
  state       text    COLLATE "C" NOT NULL DEFAULT 'pending',
  due_at      bigint  NOT NULL,
  fence       integer NOT NULL DEFAULT 0,
  attempts    integer NOT NULL DEFAULT 0,
  lease_until bigint,
  lined       boolean NOT NULL DEFAULT false,
  after_dead  bigint
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_due ON outbox (destination, due_at, number) WHERE state = 'pending';
CREATE INDEX outbox_sending ON outbox (lease_until) WHERE state = 'sending';

CREATE TABLE attempts (
  delivery_id bigint  NOT NULL,
  number      integer NOT NULL,
  started_at  bigint  NOT NULL,
  duration    bigint  NOT NULL,
  status      integer,
  error       text    COLLATE "C",
  response    text    COLLATE "C",
  mode        text    COLLATE "C" NOT NULL,
  share       double precision NOT NULL,
  fault       text    COLLATE "C",
  PRIMARY KEY (delivery_id, number)
) PARTITION BY RANGE (delivery_id);

-- Which fields the results of each extraction have, by a sample: written once a minute.
CREATE TABLE extractions_seen (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source     text   COLLATE "C" NOT NULL,
  extraction text   COLLATE "C" NOT NULL,
  first_at   bigint NOT NULL,
  last_at    bigint NOT NULL,
  count      bigint NOT NULL,
  UNIQUE (source, extraction)
);
CREATE TABLE fields_seen (
  extraction_id bigint NOT NULL,
  path          text   COLLATE "C" NOT NULL,
  first_at      bigint NOT NULL,
  last_at       bigint NOT NULL,
  count         bigint NOT NULL,
  PRIMARY KEY (extraction_id, path)
);

-- One row, written to prove that writing is possible.
CREATE TABLE health (id integer PRIMARY KEY CHECK (id = 1), written_at bigint NOT NULL);
`;
