import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { createLoads } from '../../src/delivery/load.js';
import { createSlots, type Slots } from '../../src/delivery/slots.js';
import { memoryLog } from '../support/http.js';
import { claimed } from './deliveries.js';
import { until } from './handler.js';
import { readBody, startServer } from './servers.js';
import { destinationAt } from './setup.js';

const NOW = 1_700_000_000_000;

interface Destination {
  readonly slots: Slots;
  /** Requests that wait for their answer. */
  readonly held: ServerResponse[];
  /** Sizes of the bodies that arrived. */
  readonly arrived: number[];
}

/** A destination that answers as it is told, with 16 slots. Deliveries for it have an id that is the size of their body. */
async function destinationOf(load: ReturnType<ReturnType<typeof createLoads>>): Promise<Destination> {
  const held: ServerResponse[] = [];
  const arrived: number[] = [];
  const handler = await startServer(async (request, response) => {
    arrived.push((await readBody(request)).length);
    held.push(response);
  });
  const slots = createSlots({
    destination: destinationAt(handler.url, { concurrency: 16 }),
    compose: ({ id }) => ({ body: 'x'.repeat(id), headers: {} }),
    settler: { add: () => {}, owed: () => 0 },
    holds: { note: () => {}, untested: () => {} },
    load,
    onAttempt: () => {},
    log: memoryLog(),
    now: () => NOW,
    random: () => 0,
  });
  onTestFinished(async () => {
    await slots.close();
    await handler.close();
  });
  return { slots, held, arrived };
}

function offer({ slots }: Destination, ...sizes: readonly number[]): void {
  for (const id of sizes) {
    slots.add({ delivery: { ...claimed(), id }, leaseEnd: NOW + 3_600_000 });
  }
  slots.fill();
}

it('holds back what would be more than the bound, and sends it as soon as another has ended', async () => {
  const large = await destinationOf(createLoads(300, 100)());
  offer(large, 100, 100, 100, 100, 100);
  await until(() => large.held.length === 3);
  expect([large.slots.sending(), large.slots.waiting()]).toEqual([3, 2]);
  large.held[0]?.end();
  await until(() => large.held.length === 4);
  expect([large.slots.sending(), large.slots.waiting()]).toEqual([3, 1]);
});

it('sends one that is larger than the bound, alone', async () => {
  const large = await destinationOf(createLoads(300, 100)());
  offer(large, 1_000, 1);
  await until(() => large.held.length === 1);
  expect(large.slots.waiting()).toBe(1);
  large.held[0]?.end();
  await until(() => large.held.length === 2);
  expect(large.arrived).toEqual([1_000, 1]);
});

it('lets a destination have its own part whatever others have, and in time as much as they', async () => {
  const createLoad = createLoads(400, 100);
  const first = await destinationOf(createLoad());
  const second = await destinationOf(createLoad());
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
