/** What holds, limits and orders the deliveries of a destination. See `DestinationVerbs`. */
export const destinationsSchema = `
-- A handful of rows, and the lock for what all instances have to do one after the other: pause_reason is operator or
-- 410; open_until is the breaker's; rate_at is when the next delivery is due where there is a limit (a fraction of a
-- millisecond counts); ordered is file, batch or extraction.
CREATE TABLE destinations (
  name         text   COLLATE "C" NOT NULL PRIMARY KEY,
  paused_at    bigint,
  pause_reason text   COLLATE "C",
  pause_note   text   COLLATE "C",
  open_until   bigint,
  open_reason  text   COLLATE "C",
  rate_at      double precision,
  ordered      text   COLLATE "C"
) WITH (fillfactor = 50);

-- Deliveries of destinations that are in order. position is the number in the webhook's id, without its day: the order of
-- arrival. Those without their keys yet, and those in line: a row for each line that it is in. Both may hold rows of
-- deliveries that have ended; who comes across one in a line takes it out, so that ending a delivery costs no more than
-- where nothing is in order.
CREATE TABLE unkeyed_deliveries (
  destination text   COLLATE "C" NOT NULL,
  position    bigint NOT NULL,
  delivery_id bigint NOT NULL,
  PRIMARY KEY (destination, position, delivery_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX unkeyed_deliveries_delivery ON unkeyed_deliveries (delivery_id);
CREATE TABLE delivery_keys (
  destination text   COLLATE "C" NOT NULL,
  order_key   text   COLLATE "C" NOT NULL,
  position    bigint NOT NULL,
  delivery_id bigint NOT NULL,
  PRIMARY KEY (destination, order_key, position, delivery_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX delivery_keys_delivery ON delivery_keys (delivery_id);
`;
