import { expect, it } from 'vitest';
import { chooseHeads } from '../../../src/store/postgres/choose-heads.js';

/** What stands in each line, the first first: `a: 1 2` is the line a, with the deliveries 1 and 2. */
function choose(
  lines: Readonly<Record<string, readonly number[]>>,
  more: {
    readonly limit?: number;
    readonly busy?: readonly string[];
    readonly ready?: readonly string[];
  } = {},
) {
  const linesOf = new Map<number, string[]>();
  for (const [key, ids] of Object.entries(lines)) {
    for (const id of ids) linesOf.set(id, [...(linesOf.get(id) ?? []), key]);
  }
  return chooseHeads({
    ready: more.ready ?? Object.keys(lines),
    heads: new Map(Object.entries(lines).map(([key, [id = 0]]) => [key, { id }])),
    lines: linesOf,
    busy: new Set(more.busy ?? []),
    limit: more.limit ?? 10,
  });
}

it('takes the first of each line', () => {
  expect(choose({ a: [1, 2], b: [3] }).ids).toEqual([1, 3]);
});

it('takes what comes first in all of its lines alone, and once', () => {
  expect(choose({ a: [1], b: [1, 2] }).ids).toEqual([1]);
  expect(choose({ a: [1, 2], b: [2] }).ids).toEqual([1]);
});

it('leaves what is also in a line of which something is being sent', () => {
  expect(choose({ a: [1], b: [1] }, { busy: ['b'], ready: ['a'] }).ids).toEqual([]);
});

it('ends at the limit, and tells where the next one goes on', () => {
  const lines = { a: [1], b: [2], c: [3] };
  expect(choose(lines, { limit: 2 })).toEqual({ ids: [1, 2], full: true, last: 'b' });
  expect(choose(lines, { limit: 4 })).toMatchObject({ full: false });
});
