import { ShimError, StoreError } from '../../errors.js';
import { tlsText } from './tls-error.js';

/** Where a store is, for a person: never with the password. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export const addressText = ({ host, port, database }: Address): string =>
  host.startsWith('/') ? `postgres ${host}, ${database}` : `postgres://${host}:${port}/${database}`;

/** The SQLSTATE of an answer of PostgreSQL, or the code of an error of the connection; empty where there is none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** No partition holds the id: the day has none yet, or none any more. No other check is broken by what is written. */
export const isMissingPartition = (error: unknown): boolean =>
  error instanceof StoreError && codeOf(error.cause) === '23514';

/** A right is missing. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof StoreError && codeOf(error.cause) === '42501';

/** A pooler in between gives each transaction another connection of the server. */
export const NO_SESSIONS =
  'a pooler in between keeps no sessions: set it to (PgBouncer: pool_mode = session), or name the server itself in store.url';

/** A standby, or one that was told so. */
export const NO_WRITES =
  'this server takes no writes: name the one that does in store.url if it is a standby, else turn default_transaction_read_only off';

export const noSchema = (user: string): string =>
  `there is no schema that the user "${user}" may use: create the one of its search_path, or GRANT USAGE, CREATE on it`;

export const allBusy = (address: Address): StoreError =>
  new StoreError(
    'store_unavailable',
    `${addressText(address)}: all of store.connections are busy: look for what keeps the server busy or holds locks, or raise store.connections`,
  );

/** Of the driver, which gives it no code: a statement has taken longer than whoever asked could wait. */
const NO_ANSWER = 'Query read timeout';

/** Of the driver, which gives it no code either: it was asked for a password and has none. */
const NO_PASSWORD = /^SASL: .*client password must be/;

const WITHOUT_SESSIONS = (): readonly [ShimError['code'], string] => ['store_unavailable', NO_SESSIONS];

/** `detail` is the server's own message, where that names nothing but users, tables and hosts. */
const STORES: Readonly<
  Record<string, (address: Address, detail: string) => readonly [ShimError['code'], string]>
> = {
  '28P01': ({ user }) => [
    'store_unavailable',
    `the password of the user "${user}" is refused: correct it in store.url`,
  ],
  '28000': ({ user }, detail) => [
    'store_unavailable',
    `the user "${user}" is refused (${detail}): correct store.url, or allow the user in pg_hba.conf`,
  ],
  '3D000': ({ database }) => [
    'store_unavailable',
    `there is no database "${database}": create it (createdb ${database}), or correct store.url`,
  ],
  '42501': ({ user }, detail) => [
    'store_unwritable',
    `the user "${user}" lacks a right (${detail}): it must own the tables of the shim, or be granted what it needs`,
  ],
  '3F000': ({ user }) => ['store_unwritable', noSchema(user)],
  '25006': () => ['store_unwritable', NO_WRITES],
  '53100': () => [
    'store_full',
    "the server's disk is full: free some space there; a service that runs goes on by itself",
  ],
  '53300': (_, detail) => [
    'store_unavailable',
    `the server has no connection left (${detail}): lower store.connections, or raise that limit, such as its max_connections`,
  ],
  '55P03': () => ['store_locked', 'another program holds a lock on the tables: end it, then try again'],
  '57014': () => [
    'store_unavailable',
    'the server took longer than store.statementTimeout allows: look for what keeps it busy or holds locks',
  ],
  '57P01': () => [
    'store_unavailable',
    'the server has ended the connection, as when it shuts down or somebody ends one; the shim goes on once it is back',
  ],
  '57P03': () => ['store_unavailable', 'the server is starting or stopping; the shim goes on once it is up'],
  '42P01': () => [
    'store_unavailable',
    'a table of the shim is missing: restore a backup, or start with an empty database',
  ],
  '08P01': (_, detail) => [
    'store_unavailable',
    `a pooler in between cannot serve this (${detail}): is the server behind it up, does it know the database, the user and the password, does it keep sessions (PgBouncer: pool_mode = session), and does it take the parameters of store.url?`,
  ],
  '26000': WITHOUT_SESSIONS,
  '42P05': WITHOUT_SESSIONS,
  XX001: () => ['store_corrupt', 'the database is damaged: restore a backup'],
  XX002: () => ['store_corrupt', 'an index is damaged: REINDEX it, or restore a backup'],
};

/** Says what happened to the store and what to do about it. */
export function storeError(address: Address, error: unknown): ShimError {
  if (error instanceof ShimError) return error;
  const where = addressText(address);
  const detail = detailOf(error);
  const known = STORES[codeOf(error)]?.(address, detail);
  if (known !== undefined) {
    const [code, message] = known;
    return new StoreError(code, `${where}: ${message}`, { cause: causeOf(error) });
  }
  const message = isAnswer(error)
    ? `the store failed: ${detail} (${codeOf(error)})`
    : (tlsText(codeOf(error), detail) ??
      (NO_PASSWORD.test(detail)
        ? `the server asks for a password of the user "${address.user}", and there is none: write it into store.url, or set PGPASSWORD`
        : detail === NO_ANSWER
          ? 'the server did not answer in time: look for what keeps it busy or holds locks, and whether it can be reached'
          : `no connection (${detail}): is the server up, and are host, port and sslmode in store.url right?`));
  return new StoreError('store_unavailable', `${where}: ${message}`, { cause: causeOf(error) });
}

/** Whether the server itself said so: its codes have five characters. */
export const isAnswer = (error: unknown): boolean =>
  /^[0-9A-Z]{5}$/.test(codeOf(error)) && error instanceof Error && 'severity' in error;

/** Where a name has several addresses, none of which answers, the driver's error has no text of its own. */
const detailOf = (error: unknown): string =>
  error instanceof AggregateError && error.message === ''
    ? error.errors.map(detailOf).join(', ')
    : error instanceof Error
      ? error.message
      : String(error);

/** Without the fields beside the message, in which the server quotes the row: that is business data. */
const causeOf = (error: unknown): Error => Object.assign(new Error(detailOf(error)), { code: codeOf(error) });
