import type { DestinationState } from '../store/destination-verbs.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import { tryAtOnce } from './holds.js';
import { repeat } from './repeat.js';
import { createTrouble } from './trouble.js';

/** Milliseconds: the clocks of instances may differ by so much. */
const SKEW = 60_000;

/**
 * Looks at what holds destinations, whoever did it: claims obey it by themselves, but what was claimed before is to be
 * handed back, and whoever reads the log is to know.
 */
export function startWatch(options: {
  readonly store: Pick<Store, 'destinationStates' | 'openBreaker'>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly now: () => number;
  readonly interval: number;
  /** For how many milliseconds a destination's breaker is opened at the most. */
  readonly longestOpen: (destination: string) => number;
  readonly onHeld: (destination: string) => void;
  readonly onResumed: (destination: string) => void;
}): { stop(): Promise<void> } {
  const { store, log, now, longestOpen } = options;
  const trouble = createTrouble(log, 'looking for paused destinations');
  const paused = new Set<string>();

  const look = ({ destination, paused: pause, openUntil }: DestinationState): void => {
    if (pause !== null || (openUntil !== null && openUntil > now())) options.onHeld(destination);
    if (pause !== null && !paused.has(destination)) {
      paused.add(destination);
      const since = new Date(pause.at).toISOString();
      log.warn({ destination, since, reason: pause.reason, note: pause.note }, 'the destination is paused');
    }
    if (pause === null && paused.delete(destination)) {
      log.info({ destination }, 'the destination is resumed');
      options.onResumed(destination);
    }
  };

  const lookAtAll = async (): Promise<void> => {
    for (const state of await store.destinationStates()) {
      look(state);
      const { destination, openUntil } = state;
      // Further ahead it was put by a clock that was set back since: it must not hold up what comes now for as long.
      if (openUntil !== null && openUntil > now() + longestOpen(destination) + SKEW)
        await tryAtOnce(store, destination, now());
    }
  };
  return repeat(lookAtAll, { interval: options.interval, trouble });
}
