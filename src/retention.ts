import type { Config, SourceConfig } from './config/config.js';
import { createSleep } from './sleep.js';
import type { Store } from './store/store.js';
import type { Log } from './telemetry/log.js';

/** Between two looks for what is old enough. */
const INTERVAL = 3_600_000;
/** Webhooks in one transaction, and the pause after it, so that no answer waits for long. */
const STEP = 100;
const PAUSE = 50;

/** What is younger than this is kept: a duplicate is recognised by what was stored. */
export const keptFor = ({
  store,
  sources,
}: {
  readonly store: Pick<Config['store'], 'retention'>;
  readonly sources: readonly Pick<SourceConfig, 'dedupWindow'>[];
}): number => Math.max(store.retention, ...sources.map((source) => source.dedupWindow));

/**
 * Removes all that is over and arrived before a time, in small steps.
 *
 * @param goOn called after each step with how many that were so far: false ends it early
 * @returns how many webhooks
 */
export async function prune(
  store: Pick<Store, 'prune'>,
  before: number,
  goOn: (removed: number) => Promise<boolean>,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<number> {
  let total = 0;
  let after = 0;
  for (;;) {
    const { removed, next } = await store.prune({ before, after, limit: STEP, dryRun });
    total += removed;
    if (next === null || !(await goOn(total))) return total;
    after = next;
  }
}

/** Removes what is over and old, from time to time, until it is stopped. */
export function startRetention(options: {
  readonly store: Pick<Store, 'prune'>;
  /** Milliseconds, asked anew each time. */
  readonly keptFor: () => number;
  readonly log: Pick<Log, 'info' | 'error'>;
  readonly now: () => number;
}): { stop(): Promise<void> } {
  const sleep = createSleep();
  let stopping = false;
  const run = async (): Promise<void> => {
    while (!stopping) {
      try {
        const before = options.now() - options.keptFor();
        const removed = await prune(options.store, before, pause);
        if (removed > 0) options.log.info({ removed }, 'webhooks removed, as retention says');
      } catch (error) {
        options.log.error({ err: error }, 'retention: the store does not work; tried again later');
      }
      if (!stopping) await sleep.for(INTERVAL);
    }
  };
  const pause = async (): Promise<boolean> => {
    await sleep.for(PAUSE);
    return !stopping;
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
