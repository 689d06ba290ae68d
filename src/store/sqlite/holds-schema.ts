/** What holds, limits and orders the deliveries of a destination. See `DestinationVerbs`. */
export const holdsSchema = `
-- A handful of rows: pause_reason is operator or 410; open_until is the breaker's; rate_at is when the next delivery is
-- due where there is a limit (a fraction of a millisecond counts); ordered is file, batch or extraction.
CREATE TABLE destinations (
  name         TEXT PRIMARY KEY,
  paused_at    INTEGER,
  pause_reason TEXT,
  pause_note   TEXT,
  open_until   INTEGER,
  open_reason  TEXT,
  rate_at      REAL,
  ordered      TEXT
) WITHOUT ROWID;

-- Deliveries of destinations that are in order. position is the webhook's id: the order of arrival. Those without their
-- keys yet, and those in line: a row for each line that it is in. Both may hold rows of deliveries that have ended; who
-- comes across one in a line takes it out, so that ending a delivery costs no more than where nothing is in order.
CREATE TABLE unkeyed_deliveries (
  destination TEXT    NOT NULL,
  position    INTEGER NOT NULL,
  delivery_id INTEGER NOT NULL,
  PRIMARY KEY (destination, position, delivery_id)
) WITHOUT ROWID;
CREATE TABLE delivery_keys (
  destination TEXT    NOT NULL,
  order_key   TEXT    NOT NULL,
  position    INTEGER NOT NULL,
  delivery_id INTEGER NOT NULL,
  PRIMARY KEY (destination, order_key, position, delivery_id)
) WITHOUT ROWID;
CREATE INDEX delivery_keys_delivery ON delivery_keys (delivery_id);

-- The dead letter that a delivery was in line behind.
ALTER TABLE deliveries ADD COLUMN after_dead INTEGER;
`;
