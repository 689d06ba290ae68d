import { createBatchConverter } from './convert/batch.js';
import { startConverting } from './convert/convert-loop.js';
import { startRecordingFields } from './convert/record-fields.js';
import { startDispatcher } from './delivery/dispatcher.js';
import { createSunset } from './migration/sunset.js';
import { keptFor, startRetention } from './retention.js';
import { openStore } from './store/open.js';
import { createStoredFacts } from './stored-facts.js';
import { createLog } from './telemetry/log.js';
import { createWorkMetrics } from './telemetry/work-metrics.js';
import { startConvertThread } from './thread/start-convert-thread.js';
import type { WorkApi, WorkOptions } from './thread/work-api.js';

const POLL_INTERVAL = 200;

/** The half behind the answer: the store, conversion and delivery. */
export type Work = Omit<WorkApi, 'start'>;

/** @throws {ShimError} where the store cannot be opened or a schema does not compile */
export async function startWork({ config, cwd }: WorkOptions): Promise<Work> {
  const log = createLog(config.log);
  const convertThread = startConvertThread();
  const { configure, examine, takeFields } = convertThread.api;
  await configure(config);
  const store = await openStore(config.store.url, { mode: 'own', cwd });
  const sunset = createSunset(await store.lastSeen());
  const common = { store, log, now: Date.now, pollInterval: POLL_INTERVAL };
  const recording = startRecordingFields({ ...common, take: takeFields });
  const converter = createBatchConverter(examine, store);
  let current = config;
  const metrics = createWorkMetrics(config);
  const openBreakers = async (): Promise<ReadonlySet<string>> => {
    const states = await store.destinationStates();
    return new Set(states.flatMap(({ destination, openUntil }) => (openUntil === null ? [] : destination)));
  };
  const storedFacts = createStoredFacts({ store, openBreakers, now: Date.now });
  const retention = startRetention({ ...common, keptFor: () => keptFor(current) });
  const dispatcher = startDispatcher({
    ...common,
    config,
    attempts: metrics.attempts,
    random: Math.random,
  });
  const converting = startConverting({
    ...common,
    converter,
    onEvent: metrics.onEvent,
    onSaved: dispatcher.wake,
  });

  return {
    putWebhooks: async (batch) => {
      const ids = await store.putWebhooks(batch);
      for (const { source, lastAt } of sunset.note(batch)) {
        const fields = { source, lastLegacyAt: new Date(lastAt).toISOString() };
        log.warn(fields, 'legacy webhooks are back, after a day in which the new format alone arrived');
      }
      converting.wake();
      return ids;
    },
    configure: async (next) => {
      await configure(next);
      metrics.configure(next);
      dispatcher.configure(next);
      current = next;
    },
    recordRefused: (batch) => store.recordRefused(batch),
    ping: (now) => store.ping(now),
    idleTimes: async () => {
      const now = Date.now();
      return { convert: now - converting.lastMoved(), deliver: now - dispatcher.lastMoved() };
    },
    metrics: async () => {
      const facts = await storedFacts().catch((error: unknown) => {
        log.warn({ err: error }, 'metrics without what is stored: the store does not work');
        return null;
      });
      return metrics.text(facts, Date.now());
    },
    stop: async (grace) => {
      await retention.stop();
      await converting.stop();
      await recording.stop();
      await convertThread.stop();
      await dispatcher.stop(grace);
      await store.close();
    },
  };
}
