import { type Loops, NO_LOOPS, startLoops } from './loops.js';
import { createSunset } from './migration/sunset.js';
import { openStore } from './store/open.js';
import { createStoredFacts } from './stored-facts.js';
import { createLog } from './telemetry/log.js';
import { createWorkMetrics } from './telemetry/work-metrics.js';
import type { WorkApi, WorkOptions } from './thread/work-api.js';
import { startNotingUpTime } from './up-time.js';

/** The half behind the answer: the store, conversion and delivery. */
export type Work = Omit<WorkApi, 'start'>;

/** @throws {ShimError} where the store cannot be opened or a schema does not compile */
export async function startWork({ config, role, migrate, cwd }: WorkOptions): Promise<Work> {
  const log = createLog(config.log);
  const store = await openStore(config.store.url, { ...config.store, mode: 'own', migrate, cwd });
  const metrics = createWorkMetrics(config);
  const storedFacts = createStoredFacts({ store, now: Date.now });
  const comebacksOf = createSunset(await store.lastSeen());
  const loops: Loops = role === 'ingest' ? NO_LOOPS : await startLoops({ config, store, metrics, log });
  const upTime = role === 'work' ? null : startNotingUpTime({ store, log, now: Date.now });

  return {
    putWebhooks: async (batch) => {
      const ids = await store.putWebhooks(batch);
      for (const { source, lastAt } of comebacksOf(batch)) {
        const fields = { source, lastLegacyAt: new Date(lastAt).toISOString() };
        log.warn(fields, 'legacy webhooks are back, after a day in which the new format alone arrived');
      }
      loops.wake();
      return ids;
    },
    configure: async (next) => {
      await loops.configure(next);
      metrics.configure(next);
    },
    recordRefused: (batch) => store.recordRefused(batch),
    ping: (now) => store.ping(now),
    idleTimes: async () => loops.idleTimes(Date.now()),
    metrics: async () => {
      const facts = await storedFacts().catch((error: unknown) => {
        log.warn({ err: error }, 'metrics without what is stored: the store does not work');
        return null;
      });
      return metrics.text(facts, Date.now());
    },
    stop: async (grace) => {
      // Not waited for: the close does, but not for ever, and what is being sent has to be finished meanwhile.
      void upTime?.stop();
      await loops.stop(grace);
      await store.close();
    },
  };
}
