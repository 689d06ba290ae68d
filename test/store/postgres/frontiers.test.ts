import { describe, expect, it } from 'vitest';
import { Frontiers, type Place, START } from '../../../src/store/postgres/frontiers.js';

/** @returns where the claim began */
async function claim(frontiers: Frontiers, now: number, end: Place, full = true): Promise<Place | undefined> {
  let begun: Place | undefined;
  await frontiers.claim('handler', now, async (from) => {
    begun = from;
    return { full, end };
  });
  return begun;
}

describe('how far a backlog has been claimed', () => {
  const first = { dueAt: 10, number: 1 };

  it('begins where a full claim ended, and at the start after one that was not full', async () => {
    const frontiers = new Frontiers();
    expect(await claim(frontiers, 100, first)).toEqual(START);
    expect(await claim(frontiers, 101, { dueAt: 10, number: 2 }, false)).toEqual(first);
    expect(await claim(frontiers, 102, first)).toEqual(START);
  });

  it('begins at the start once a second, for what other instances made due', async () => {
    const frontiers = new Frontiers();
    await claim(frontiers, 100, first);
    expect(await claim(frontiers, 1_099, { dueAt: 11, number: 3 })).toEqual(first);
    expect(await claim(frontiers, 1_100, { dueAt: 11, number: 4 })).toEqual(START);
  });

  it('begins at the start after something was made due before it, and only then', async () => {
    const frontiers = new Frontiers();
    await claim(frontiers, 100, first);
    frontiers.reset(11);
    expect(await claim(frontiers, 101, first)).toEqual(first);
    frontiers.reset(10);
    expect(await claim(frontiers, 102, first)).toEqual(START);
    frontiers.reset();
    expect(await claim(frontiers, 103, first)).toEqual(START);
  });

  it('begins at the start after a claim during which something was made due before its end', async () => {
    const frontiers = new Frontiers();
    await frontiers.claim('handler', 100, async () => {
      frontiers.reset(9);
      return { full: true, end: first };
    });
    expect(await claim(frontiers, 101, first)).toEqual(START);
  });
});
