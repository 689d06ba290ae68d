import { createSleep } from '../sleep.js';
import { createBackoff, insist } from './backoff.js';
import type { Lane, LaneOptions } from './lane.js';

/**
 * The way to a destination that is paused: sends nothing, and puts what waits into the order in which it came, so that
 * it goes out like that one day, whatever was tried before the pause.
 */
export function startPausedLane({ destination, store, trouble, now, pollInterval }: LaneOptions): Lane {
  const { name } = destination;
  const sleep = createSleep();
  let stopping = false;

  const running = insist(() => store.lineUp(name, now()), {
    backoff: createBackoff(pollInterval, sleep),
    trouble: trouble.claim,
    wanted: () => !stopping,
  });

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
