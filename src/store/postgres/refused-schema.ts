/** Requests that were refused for their signature: see `refused.ts`. */
export const refusedSchema = `
-- The newest of each source. kept is true where signature and body are there. well_formed is null where nobody looked.
CREATE TABLE refused (
  id          bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source      text    COLLATE "C" NOT NULL,
  kept        boolean NOT NULL,
  received_at bigint  NOT NULL,
  reason      text    COLLATE "C" NOT NULL,
  address     text    COLLATE "C" NOT NULL,
  path        text    COLLATE "C" NOT NULL,
  size        bigint  NOT NULL,
  well_formed boolean,
  signature   text    COLLATE "C",
  body        text    COLLATE "C"
);
CREATE INDEX refused_source ON refused (source, kept, id);
CREATE INDEX refused_kept ON refused (id) INCLUDE (size) WHERE kept;

-- day is when it began, in UTC.
CREATE TABLE refused_counts (
  source text   COLLATE "C" NOT NULL,
  day    bigint NOT NULL,
  reason text   COLLATE "C" NOT NULL,
  count  bigint NOT NULL,
  PRIMARY KEY (source, day, reason)
);
`;
