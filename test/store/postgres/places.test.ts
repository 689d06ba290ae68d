import { expect, it } from 'vitest';
import { Places, type WaitedForBy } from '../../../src/store/postgres/places.js';
import { createLatch } from '../../support/latch.js';

const PATIENT = 60_000;
const never = (): Error => new Error('nobody waits so long here');

/** Runs of these, in this order, until they are let go; resolves with who has a place at once. */
async function whoBegins(count: number, all: readonly WaitedForBy[]): Promise<readonly WaitedForBy[]> {
  const places = new Places(count, PATIENT, never);
  const { opened, open } = createLatch();
  const begun: WaitedForBy[] = [];
  const runs = all.map((by) =>
    places.with(by, () => {
      begun.push(by);
      return opened;
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  const first = [...begun];
  open();
  await Promise.all(runs);
  expect(begun).toHaveLength(all.length);
  return first;
}

it.each<[number, readonly WaitedForBy[], readonly WaitedForBy[]]>([
  [4, ['work', 'work', 'work', 'check', 'check', 'sender'], ['work', 'work', 'check', 'sender']],
  // One connection is always there for work, whatever senders have.
  [3, ['sender', 'work', 'work', 'sender'], ['sender', 'work', 'sender']],
  [2, ['sender', 'work', 'work'], ['sender', 'work']],
  [1, ['work', 'sender'], ['work']],
])('of %i connections keeps some for senders and checks, and lets work go on', async (count, all, first) => {
  expect(await whoBegins(count, all)).toEqual(first);
});

it('gives a place that is free again to a sender first', async () => {
  const places = new Places(1, PATIENT, never);
  const order: string[] = [];
  const run = (by: WaitedForBy): Promise<void> =>
    places.with(by, async () => {
      order.push(by);
    });
  await Promise.all([run('work'), run('work'), run('check'), run('sender')]);
  expect(order).toEqual(['work', 'sender', 'check', 'work']);
});

it('gives up after its patience, and takes no place then', async () => {
  const places = new Places(1, 1, () => new Error('too late'));
  const { opened, open } = createLatch();
  const held = places.with('sender', () => opened);
  await expect(places.with('sender', async () => 'never')).rejects.toThrow('too late');
  open();
  await held;
  expect(await places.with('work', async () => 'now')).toBe('now');
});
