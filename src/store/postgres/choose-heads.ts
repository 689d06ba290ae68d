/** What comes first in a line, of what has not ended. */
export interface Head {
  readonly id: number;
  readonly position: number;
  readonly state: 'pending' | 'sending';
  readonly dueAt: number;
}

/**
 * Which deliveries may go out together: each comes first in every line that it is in, and no line has two.
 *
 * @param ready lines whose heads may go out, as far as that line is concerned
 * @param heads of these lines, and of all others that those heads are in
 * @returns `full` where the limit was reached, in the line `last`
 */
export function chooseHeads({
  ready,
  heads,
  lines,
  busy,
  limit,
}: {
  readonly ready: readonly string[];
  readonly heads: ReadonlyMap<string, Pick<Head, 'id'>>;
  readonly lines: ReadonlyMap<number, readonly string[]>;
  readonly busy: ReadonlySet<string | null>;
  readonly limit: number;
}): { readonly ids: readonly number[]; readonly full: boolean; readonly last: string } {
  const taken = new Set(busy);
  const ids: number[] = [];
  let last = '';
  for (const key of ready) {
    if (ids.length === limit) return { ids, full: true, last };
    const id = heads.get(key)?.id;
    const keys = id === undefined ? [] : (lines.get(id) ?? []);
    if (id === undefined || !keys.every((each) => !taken.has(each) && heads.get(each)?.id === id)) continue;
    ids.push(id);
    for (const each of keys) taken.add(each);
    last = key;
  }
  return { ids, full: ids.length === limit, last };
}
