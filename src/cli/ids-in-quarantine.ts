import type { QuarantineReason } from '../model.js';
import type { Store } from '../store/store.js';
import { onlyGiven } from './list-options.js';

const PAGE = 1_000;

/** The oldest first, so that what was held up goes out in the order in which it came. */
export async function idsInQuarantine(
  store: Pick<Store, 'listQuarantine'>,
  reason?: QuarantineReason,
): Promise<readonly number[]> {
  const ids: number[] = [];
  for (;;) {
    const rows = await store.listQuarantine({ limit: PAGE, ...onlyGiven({ before: ids.at(-1), reason }) });
    ids.push(...rows.map((row) => row.id));
    if (rows.length < PAGE) return ids.reverse();
  }
}
