import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/config.js';
import { ShimError } from '../errors.js';
import { openStore, placeForStore } from '../store/open.js';
import type { Verdict } from './check-view.js';
import type { Io } from './io.js';

/** Left as it is: whoever checks a new version before an update may still stay with the one that serves it. */
const OLDER =
  'there, of an older version: "serve" brings it up to date when it starts, and so does "migrate"';

/** Whether the store takes writes; where there is none yet, whether one can be made. Makes none. */
export async function checkStore(
  { url, ...limits }: Config['store'],
  io: Pick<Io, 'cwd' | 'now'>,
): Promise<Verdict> {
  const options = { ...limits, cwd: io.cwd };
  try {
    const store = await openStore(url, { ...options, mode: 'share' });
    try {
      await store.ping(io.now());
    } finally {
      await store.close();
    }
    return { ok: true, message: 'there, and takes writes' };
  } catch (error) {
    const code = error instanceof ShimError ? error.code : undefined;
    if (code === 'store_older') return { ok: true, message: OLDER };
    if (code !== 'not_found') return refusedBy(error);
  }
  return placeForStore(url, options).then(checkPlace).catch(refusedBy);
}

function refusedBy(error: unknown): Verdict {
  if (!(error instanceof ShimError)) throw error;
  return { ok: false, message: error.message };
}

function checkPlace(place: Awaited<ReturnType<typeof placeForStore>>): Verdict | Promise<Verdict> {
  if ('folder' in place) return checkFolder(place.folder);
  return place.allowed
    ? { ok: true, message: 'the database is empty: the service makes its tables when it starts' }
    : {
        ok: false,
        message: 'the database is empty, and this user may not make tables in it: GRANT CREATE ON its SCHEMA',
      };
}

/** The nearest folder that is there decides. */
async function checkFolder(folder: string): Promise<Verdict> {
  const refused = (why: string): Verdict => ({
    ok: false,
    message: `cannot be made: ${folder} ${why}, or set store.url`,
  });
  try {
    if (!(await stat(folder)).isDirectory()) return refused('is no folder: move it away');
    await access(folder, constants.W_OK | constants.X_OK);
    return { ok: true, message: `not there yet: will be made in ${folder}, which is writable` };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && dirname(folder) !== folder) return checkFolder(dirname(folder));
    return refused('is not writable: give this user the right to write there');
  }
}
