import { expect, it } from 'vitest';
import { createLoads } from '../../src/delivery/load.js';
import { until } from './handler.js';
import { destinationOf, offer } from './slots.js';

it('holds back what would be more than the bound, and sends it as soon as another has ended', async () => {
  const large = await destinationOf({ load: createLoads(300, 100)() });
  offer(large, 100, 100, 100, 100, 100);
  await until(() => large.held.length === 3);
  expect([large.slots.sending(), large.slots.waiting()]).toEqual([3, 2]);
  large.held[0]?.end();
  await until(() => large.held.length === 4);
  expect([large.slots.sending(), large.slots.waiting()]).toEqual([3, 1]);
});

it('sends one that is larger than the bound, alone', async () => {
  const large = await destinationOf({ load: createLoads(300, 100)() });
  offer(large, 1_000, 1);
  await until(() => large.held.length === 1);
  expect(large.slots.waiting()).toBe(1);
  large.held[0]?.end();
  await until(() => large.held.length === 2);
  expect(large.arrived).toEqual([1_000, 1]);
});

it('lets a destination have its own part whatever others have, and in time as much as they', async () => {
  const createLoad = createLoads(400, 100);
  const first = await destinationOf({ load: createLoad() });
  const second = await destinationOf({ load: createLoad() });
  offer(first, 100, 100, 100, 100, 100, 100);
  await until(() => first.held.length === 4);
  offer(second, 10, 10, 100, 100, 100);
  await until(() => second.held.length === 3);
  expect([first.slots.sending(), second.slots.sending()]).toEqual([4, 3]);
  // What the first one ends is left to the second, until they have the same.
  for (const ended of [0, 1, 2]) first.held[ended]?.end();
  await until(() => first.slots.sending() === 2);
  expect(first.slots.waiting()).toBe(1);
  second.slots.fill();
  await until(() => second.held.length === 4);
  expect([second.slots.sending(), second.slots.waiting()]).toEqual([4, 1]);
});

it('sends nothing over a slot whose outcome the store has not taken', async () => {
  let owed = 14;
  const destination = await destinationOf({ owed: () => owed });
  offer(destination, 1, 1, 1, 1);
  expect([destination.slots.sending(), destination.slots.waiting()]).toEqual([2, 2]);
  owed = 13;
  destination.slots.fill();
  expect([destination.slots.sending(), destination.slots.waiting()]).toEqual([3, 1]);
  await until(() => destination.held.length === 3);
});
