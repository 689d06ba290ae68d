/** Requests that were refused for their signature: see `refused.ts`. */
export const refusedSchema = `
-- The newest of each source. kept is 1 where signature and body are there. well_formed is null where nobody looked.
CREATE TABLE refused (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  source      TEXT    NOT NULL,
  kept        INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  reason      TEXT    NOT NULL,
  address     TEXT    NOT NULL,
  path        TEXT    NOT NULL,
  size        INTEGER NOT NULL,
  well_formed INTEGER,
  signature   TEXT,
  body        TEXT
);
CREATE INDEX refused_source ON refused (source, kept);
CREATE INDEX refused_kept ON refused (id, size) WHERE kept = 1;

-- day is when it began, in UTC.
CREATE TABLE refused_counts (
  source TEXT    NOT NULL,
  day    INTEGER NOT NULL,
  reason TEXT    NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (source, day, reason)
) WITHOUT ROWID;
`;
