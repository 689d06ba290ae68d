import type { Session } from './database.js';

/**
 * Advisory locks until the end of the transaction: PostgreSQL lets two numbers name one. The first says that it is ours
 * ("Shim" in ASCII) and for what, the second is one of many.
 */
const OURS = 0x5368_6900;

export const LOCK = {
  migration: 1,
  days: 2,
  replay: 3,
  fields: 4,
  files: 5,
  refused: 6,
  order: 7,
  copy: 8,
} as const;

/** Parts of the files that are looked at: two files in some thousands wait for each other without need. */
const PARTS = 16_384;
/** PostgreSQL keeps all locks in a table of bounded size: whoever needs more of them than this takes the whole. */
const MOST_PARTS = 1_000;
const WHOLE = -1;

/** As SQL: the two numbers of a lock that there is once. */
export const lockNumbers = (what: (typeof LOCK)[keyof typeof LOCK]): string => `${OURS + what}, 0`;

/** One transaction at a time does this. */
export const lockAlone = (session: Session, what: (typeof LOCK)[keyof typeof LOCK]): void =>
  session.send({ text: `SELECT pg_advisory_xact_lock(${lockNumbers(what)})` });

/**
 * Many at a time put deliveries down, while no destination is put in or out of order: each sees whether its own are to
 * be in line.
 */
export const lockShared = (session: Session, what: typeof LOCK.order): void =>
  session.send({ text: `SELECT pg_advisory_xact_lock_shared(${lockNumbers(what)})` });

/**
 * Of two transactions with a file in common, the second waits for the first, so that it sees what that one accepted.
 * All take their locks in one order, so that none waits for another in a circle.
 *
 * @param keys one for each file, and for each whose other results matter as well: the locks of both are the same ones
 */
export function lockFiles(session: Session, keys: readonly number[]): void {
  const space = OURS + LOCK.files;
  const parts = [...new Set(keys.map((key) => key % PARTS))].sort((one, other) => one - other);
  const shared = parts.length > MOST_PARTS ? '' : '_shared';
  session.send({ text: `SELECT pg_advisory_xact_lock${shared}(${space}, ${WHOLE})` });
  if (shared === '') return;
  session.send(
    { name: 'lock_parts', text: `SELECT pg_advisory_xact_lock(${space}, part) FROM unnest($1::int[]) part` },
    `{${parts.join(',')}}`,
  );
}
