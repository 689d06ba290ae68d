import { StoreError } from '../errors.js';

/**
 * `own`: to serve; makes what is missing. `share`: to write beside whoever serves. `read`: to look. The last two need
 * data to be there.
 */
export type OpenMode = 'own' | 'share' | 'read';

/** What bringing a schema up to date did: from 0 where nothing was there; nothing where both are the same. */
export interface Migration {
  readonly from: number;
  readonly to: number;
}

/**
 * What refuses a schema that is older than this version needs: only who serves or migrates brings it up to date. Any
 * other command that did so took the store from the version that serves it, which does not start on it again.
 */
export const outdated = (where: string, { from, to }: Migration): StoreError =>
  new StoreError(
    'store_older',
    `${where} was written by an older version (schema ${from}, this one needs ${to}): stop what serves it and run "webhook-shim migrate"`,
  );
