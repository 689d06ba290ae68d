import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { storeFile } from './open.js';
import { backupSqlite } from './sqlite/backup.js';

export interface BackupOptions {
  /** The folder that relative paths start from. */
  readonly cwd: string;
  /** Whether a file that is there may be replaced; it stays as it is until the copy is whole. */
  readonly force: boolean;
  /** Called now and then with how much is copied, 0 to 1. What it throws ends the copy. */
  readonly onProgress: (done: number) => void;
  /** Ends the copy, with its reason. Default: never. */
  readonly signal?: AbortSignal;
}

/** What is in a copy that was found to be whole. */
export interface Backup {
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
  readonly webhooks: number;
  readonly events: number;
  readonly deliveries: number;
}

/**
 * Copies all that the store at a `store.url` holds at this moment into one file, while a service goes on with it. The
 * file is there once it is whole and checked, and not before.
 *
 * @throws {UsageError} for a store that has a tool of its own for this, or a file that is in the way; StoreError where the
 *   store cannot be read or the copy not be written; ShimError `not_found` where there is no store yet
 */
export async function backupStore(url: string, file: string, options: BackupOptions): Promise<Backup> {
  if (/^postgres(ql)?:/.test(url)) {
    throw new UsageError(
      'usage',
      `the store is in PostgreSQL, whose own tool makes a consistent copy while all runs. Type: pg_dump --format=custom --file=${quoted(file)} ${quoted(withoutPassword(url))}`,
    );
  }
  return backupSqlite(storeFile(url, options.cwd), resolve(options.cwd, file), options);
}

/**
 * pg_dump asks for it, or finds it in PGPASSWORD or ~/.pgpass. A user ends at the first colon and a password at the last
 * "@" before the path, as the driver reads them; all else stays as it is written. What is no URL may hold it anywhere.
 */
function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'postgres://…';
  return url
    .replace(/^([a-z]+:\/\/[^:/?#]*):[^/?#]*@/, '$1@')
    .replace(/([?&])password=[^&#]*&?/g, '$1')
    .replace(/[?&](?=#|$)/, '');
}

/** For a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
