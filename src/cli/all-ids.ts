import { onlyGiven, type PageOptions } from './list-options.js';

const PAGE = 1_000;

/**
 * The ids of all of a list that comes newest first. The oldest first here, so that what was held up goes out in the order
 * in which it came.
 */
export async function allIds(
  list: (page: PageOptions) => Promise<readonly { readonly id: number }[]>,
): Promise<readonly number[]> {
  const ids: number[] = [];
  for (;;) {
    const rows = await list({ limit: PAGE, ...onlyGiven({ before: ids.at(-1) }) });
    ids.push(...rows.map((row) => row.id));
    if (rows.length < PAGE) return ids.reverse();
  }
}
