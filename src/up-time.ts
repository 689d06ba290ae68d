import type { Store } from './store/store.js';
import type { Log } from './telemetry/log.js';

/** Between two notes, in milliseconds. */
const INTERVAL = 15_000;

/**
 * Notes from time to time that webhooks can come in, until it is stopped: while they could not, nobody knows what did
 * not come. Where the store does not work they could not either.
 */
export function startNotingUpTime(options: {
  readonly store: Pick<Store, 'noteUpTime'>;
  readonly log: Pick<Log, 'debug'>;
  readonly now: () => number;
}): { stop(): Promise<void> } {
  const note = async (): Promise<void> => {
    try {
      await options.store.noteUpTime(options.now());
    } catch (error) {
      options.log.debug({ err: error }, 'it is not noted that webhooks can come in');
    }
  };
  let running = note();
  const timer = setInterval(() => {
    running = note();
  }, INTERVAL);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all([running, note()]);
    },
  };
}
