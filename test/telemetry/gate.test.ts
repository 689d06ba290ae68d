import { expect, it } from 'vitest';
import { createGate } from '../../src/telemetry/gate.js';

it('lets so many through in each window, tells how many it held back, and goes on where the clock is set back', () => {
  let time = 5_000_000;
  const pass = createGate(2, 10_000, () => time);
  expect([pass(), pass(), pass(), pass()]).toEqual([0, 0, null, null]);
  time += 10_000;
  expect([pass(), pass(), pass()]).toEqual([2, 0, null]);
  time -= 3_600_000;
  expect([pass(), pass(), pass()]).toEqual([1, 0, null]);
});
