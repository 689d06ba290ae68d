import { UsageError } from '../../errors.js';
import { isShared, storeFile } from '../open.js';
import { openSqliteSource } from '../sqlite/copy-source.js';
import { type CopyReport, copyStore, type OnProgress } from './copy.js';

/**
 * Moves what a SQLite file holds into a PostgreSQL database, while a service goes on with the file or after it was
 * stopped; then nothing is missing from the copy, and a service may begin on it.
 *
 * @param from `sqlite:` and a path
 * @param to `postgres://…`, with a user that may make tables
 * @throws {UsageError} for another direction; StoreError where one of the two cannot be used; ShimError where there is
 *   nothing to copy, or the database holds anything else
 */
export async function copyBetween(
  { from, to }: { readonly from: string; readonly to: string },
  { cwd, onProgress }: { readonly cwd: string; readonly onProgress: OnProgress },
): Promise<CopyReport> {
  checkDirection(from, to);
  const { openPostgresTarget } = await import('../postgres/copy-target.js');
  const { idOfTime, numberIn } = await import('../postgres/ids.js');
  const source = openSqliteSource(storeFile(from, cwd), idOfTime);
  try {
    const target = await openPostgresTarget(to);
    try {
      return await copyStore(source, target, { onProgress, numberOf: numberIn });
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

function checkDirection(from: string, to: string): void {
  if (!isShared(from) && isShared(to)) return;
  const refuse = (message: string): UsageError => new UsageError('usage', message);
  if (isShared(from) && isShared(to)) {
    throw refuse('from one PostgreSQL database to another, its own tools copy: pg_dump and pg_restore');
  }
  if (isShared(from)) {
    throw refuse(
      'copies go from SQLite to PostgreSQL alone. To go back, let the service on PostgreSQL deliver what waits, stop it, and start with a new file',
    );
  }
  throw refuse(
    '--to names no PostgreSQL database; "webhook-shim backup FILE" copies one SQLite file to another',
  );
}
