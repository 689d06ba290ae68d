import type { Config } from './config/config.js';
import { createBatchConverter, excessOf } from './convert/batch.js';
import { startConverting } from './convert/convert-loop.js';
import { startRecordingFields } from './convert/record-fields.js';
import type { Meets } from './convert/route.js';
import { startDispatcher } from './delivery/dispatcher.js';
import { withPatience } from './patience.js';
import { keptFor, startRetention } from './retention.js';
import type { Store } from './store/store.js';
import type { Log } from './telemetry/log.js';
import type { WorkMetrics } from './telemetry/work-metrics.js';
import { startConvertThread } from './thread/start-convert-thread.js';

const POLL_INTERVAL = 200;
/** After a batch of webhooks the next is expected within so many milliseconds. */
const RECEIVING = 50;

/** What looks for work by itself, until it is stopped. */
export interface Loops {
  /** Webhooks have come in here. */
  wake(): void;
  configure(config: Config): Promise<void>;
  /** Milliseconds since each loop last moved, by name. */
  idleTimes(now: number): Readonly<Record<string, number>>;
  stop(grace: number): Promise<void>;
}

/** An instance that only receives leaves all else to others. */
export const NO_LOOPS: Loops = {
  wake: () => {},
  configure: async () => {},
  idleTimes: () => ({}),
  stop: async () => {},
};

/** Where it cannot be found out, the event goes out: the handler gets one that it did not ask for, and nothing is lost. */
export const meetsOrSends =
  (meets: Meets, log: Pick<Log, 'warn'>): Meets =>
  (destination, value) =>
    meets(destination, value).catch((error: unknown) => {
      if (excessOf(error) === null) throw error;
      log.warn({ destination, err: error }, 'sent without regard to "when", which takes more than there is');
      return true;
    });

/** Starts converting, delivering, and what keeps the store small. @throws {ShimError} where a schema does not compile */
export async function startLoops(options: {
  readonly config: Config;
  readonly store: Store;
  readonly metrics: Pick<WorkMetrics, 'attempts' | 'onEvent'>;
  readonly log: Log;
}): Promise<Loops> {
  const { config, store, metrics, log } = options;
  const common = { store, log, now: Date.now, pollInterval: POLL_INTERVAL };
  const convertThread = startConvertThread();
  const { configure, examine, meets, takeFields } = convertThread.api;
  await configure(config);
  let current = config;
  let lastPut = 0;
  const recording = startRecordingFields({ ...common, take: takeFields });
  const retention = startRetention({ ...common, keptFor: () => keptFor(current) });
  const dispatcher = startDispatcher({
    ...common,
    config,
    meets: meetsOrSends(meets, log),
    attempts: metrics.attempts,
    random: Math.random,
  });
  const converting = startConverting({
    ...common,
    converter: createBatchConverter(examine, store),
    receiving: () => Date.now() - lastPut < RECEIVING,
    onEvent: metrics.onEvent,
    onSaved: dispatcher.wake,
  });
  store.onHint((hint) => {
    if (hint === 'webhooks') converting.wake();
    else dispatcher.wake();
  });

  return {
    wake: () => {
      lastPut = Date.now();
      converting.wake();
    },
    configure: async (next) => {
      await configure(next);
      dispatcher.configure(next);
      current = next;
    },
    idleTimes: (now) => ({ convert: now - converting.lastMoved(), deliver: now - dispatcher.lastMoved() }),
    stop: async (grace) => {
      const deadline = performance.now() + grace;
      await retention.stop();
      const converted = converting.stop();
      // What does not come to an end is left as it is: the next start begins with it.
      await withPatience(grace / 2, converted).catch(() => convertThread.stop());
      await converted;
      await recording.stop();
      await convertThread.stop();
      await dispatcher.stop(Math.max(0, deadline - performance.now()));
    },
  };
}
