import { afterEach, beforeEach, expect, it } from 'vitest';
import { handlerOf, until } from './handler.js';
import { startServer } from './servers.js';
import { destinationAt, Setup } from './setup.js';

let setup: Setup;
beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

const EVENTS = 150;

it('keeps eight destinations of ten moving while one is dead and one never answers', async () => {
  const closed = await startServer((_request, response) => response.end());
  await closed.close();
  const silent = await handlerOf(setup, () => undefined);
  const well = await Promise.all(Array.from({ length: 8 }, () => handlerOf(setup)));
  const breaker = { failures: 10, window: 60_000, cooldown: 30_000 };
  const destinations = [
    ...well.map(({ url }, index) => destinationAt(url, { name: `well${index}`, breaker })),
    destinationAt(closed.url, { name: 'dead', breaker }),
    // Longer than all of this takes: what timed out would be followed by more.
    destinationAt(silent.url, { name: 'silent', breaker, timeout: 600_000 }),
  ];
  const to = destinations.map(({ name }) => name);
  for (let at = 0; at < EVENTS; at += 50) {
    await setup.add(...Array.from({ length: 50 }, (_, index) => ({ id: `e${at + index}`, to })));
  }
  setup.dispatch(...destinations);
  await until(() => well.every(({ arrived }) => arrived.length === EVENTS));
  const isOpen = async () =>
    (await setup.store.destinationStates()).find(({ destination }) => destination === 'dead')?.openUntil;
  await until(async () => (await isOpen()) !== undefined);
  // The one that is silent holds its own slots, and no more than that.
  expect(silent.arrived.length).toBe(4);
  expect(setup.settled.filter(({ outcome }) => outcome === 'retry').length).toBeLessThan(20);
});
