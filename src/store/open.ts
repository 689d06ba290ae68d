import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { type OpenMode, openSqliteStore } from './sqlite/connection.js';
import type { Store } from './store.js';

/**
 * Opens the store at a `store.url`.
 * @param url `sqlite:` and the path of a file, relative to `cwd`.
 * @param options.mode `own`: to serve, which one process at a time can; makes what is missing. `share`: to write beside
 *   it. `read`: to look. The last two need data to be there.
 * @throws UsageError for a URL that names no store, StoreError for a store that cannot be opened, ShimError
 *   `not_found` where there is nothing yet to share or read.
 */
export async function openStore(
  url: string,
  options: { readonly mode: OpenMode; readonly cwd?: string },
): Promise<Store> {
  return openSqliteStore(storeFile(url, options.cwd), options.mode);
}

/** The file behind a `store.url`, absolute. @throws UsageError for a URL that names no store. */
export const storeFile = (url: string, cwd = '.'): string => resolve(cwd, sqlitePath(url));

function sqlitePath(url: string): string {
  const path = /^sqlite:(?:\/\/(?=\/))?(?<path>.+)$/s.exec(url)?.groups?.path;
  if (path === undefined) {
    throw new UsageError(
      'config_invalid',
      `store.url must be "sqlite:" and the path of a file, such as sqlite:data/shim.db; it is not that: ${withoutPassword(url)}`,
    );
  }
  if (path === ':memory:') {
    throw new UsageError(
      'config_invalid',
      'store.url names a store in memory, which loses what it took: name a file, such as sqlite:data/shim.db',
    );
  }
  return path;
}

const withoutPassword = (url: string): string => url.replace(/\/\/[^@/]*@/, '//…@');
