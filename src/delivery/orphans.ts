import { createSleep } from '../sleep.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import { createBackoff, insist } from './backoff.js';
import { createTrouble } from './trouble.js';

/** Of each destination so many are counted at the most. */
const MOST = 10_000;

/**
 * Tells of what waits for destinations that are not configured, once of each: nobody sends it, and whoever renamed one
 * may not know.
 */
export interface Orphans {
  look(): void;
  /** It is configured now: should it be taken out again, that is new. */
  forget(destination: string): void;
  stop(): Promise<void>;
}

export function createOrphans(options: {
  readonly store: Pick<Store, 'listBacklogs'>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly isConfigured: (destination: string) => boolean;
  readonly firstBackoff: number;
}): Orphans {
  const { store, log, isConfigured, firstBackoff } = options;
  const trouble = createTrouble(log, 'looking for what waits for destinations that are gone');
  const sleep = createSleep();
  const known = new Set<string>();
  let stopping = false;
  let looking: Promise<void> = Promise.resolve();

  const lookNow = async (): Promise<void> => {
    const backlogs = await store.listBacklogs(MOST + 1);
    for (const { destination, count } of backlogs) {
      if (isConfigured(destination) || known.has(destination)) continue;
      known.add(destination);
      log.warn(
        { destination, count: Math.min(count, MOST), more: count > MOST },
        'deliveries wait for a destination that is not configured: destinations move or discard',
      );
    }
  };

  return {
    look: () => {
      const backoff = createBackoff(firstBackoff, sleep);
      looking = looking.then(() => insist(lookNow, { backoff, trouble, wanted: () => !stopping }));
    },
    forget: (destination) => {
      known.delete(destination);
    },
    stop: async () => {
      stopping = true;
      sleep.wake();
      await looking;
    },
  };
}
