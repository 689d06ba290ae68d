import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { repeat } from '../../src/delivery/repeat.js';

it('is stopped only once the step under way has ended, and begins no other', async () => {
  let finish = (): void => {};
  let steps = 0;
  const step = (): Promise<void> => {
    steps++;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const { stop } = repeat(step, { interval: 0, trouble: { worked: () => {}, failed: () => {} } });
  let stopped = false;
  const stopping = stop().then(() => {
    stopped = true;
  });
  await setImmediate();
  expect(stopped).toBe(false);
  finish();
  await stopping;
  expect(steps).toBe(1);
});
