import { createSleep } from '../sleep.js';
import type { Lane, LaneOptions } from './lane.js';

const LONGEST_BACKOFF = 5_000;

/**
 * The way to a destination that is paused: sends nothing, and puts what waits into the order in which it came, so that
 * it goes out like that one day, whatever was tried before the pause.
 */
export function startPausedLane({ destination, store, trouble, now, pollInterval }: LaneOptions): Lane {
  const { name } = destination;
  const sleep = createSleep();
  let stopping = false;

  const run = async (): Promise<void> => {
    for (let backoff = pollInterval; !stopping; backoff = Math.min(backoff * 2, LONGEST_BACKOFF)) {
      try {
        await store.lineUp(name, now());
        trouble.claim.worked();
        return;
      } catch (error) {
        trouble.claim.failed(error);
        await sleep.for(backoff);
      }
    }
  };
  const running = run();

  return {
    // What is new is in its place already.
    wake: () => {},
    lastMoved: now,
    // It holds nothing.
    hold: () => {},
    stop: async () => {
      stopping = true;
      sleep.wake();
      await running;
    },
  };
}
