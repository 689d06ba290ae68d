import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns } from '../../src/delivery/turns.js';
import { destinationOf, offer } from './slots.js';

it('lets what else has to be done come between large bodies, and each destination in its turn', async () => {
  const turns = createTurns(300);
  const first = await destinationOf({ turns });
  const second = await destinationOf({ turns });
  const sending = () => [first.slots.sending(), second.slots.sending()];
  offer(first, 100, 100, 100, 100, 100, 100, 100);
  offer(second, 100, 100, 100);
  expect(sending()).toEqual([3, 0]);
  await turn();
  expect(sending()).toEqual([6, 0]);
  await turn();
  expect(sending()).toEqual([6, 3]);
  await turn();
  expect(sending()).toEqual([7, 3]);
});

it('sends small ones as they come', async () => {
  const small = await destinationOf({});
  offer(small, ...Array.from({ length: 16 }, () => 4096));
  expect(small.slots.sending()).toBe(16);
});
