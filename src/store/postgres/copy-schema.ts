/** Whether the database may be served, and how far a copy into it has come: see `copy-target.ts`. */
export const copySchema = `
-- One row: state is served, once a service has begun; before that unfinished or whole, while it is a copy of a source.
CREATE TABLE copy_state (
  id     integer PRIMARY KEY CHECK (id = 1),
  state  text    COLLATE "C" NOT NULL,
  source text    COLLATE "C"
);

-- Of each table, the number up to which all was copied, and the lowest one that was copied before it was over.
CREATE TABLE copy_progress (
  name    text   COLLATE "C" PRIMARY KEY,
  through bigint NOT NULL,
  reopen  bigint
);
`;
