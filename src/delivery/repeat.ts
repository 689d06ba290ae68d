import { createSleep } from '../sleep.js';
import type { Trouble } from './trouble.js';

/** Does something from time to time, whether or not the store works, until it is stopped. */
export function repeat(
  step: () => Promise<void>,
  { interval, trouble }: { readonly interval: number; readonly trouble: Trouble },
): { stop(): Promise<void> } {
  const sleep = createSleep();
  let stopping = false;
  const run = async (): Promise<void> => {
    while (!stopping) {
      try {
        await step();
        trouble.worked();
      } catch (error) {
        trouble.failed(error);
      }
      await sleep.for(interval);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping = true;
      sleep.wake();
      await running;
    },
  };
}
