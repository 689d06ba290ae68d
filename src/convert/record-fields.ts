import type { ExtractionFields } from '../store/rows.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';

/** How often what was seen is written down, in milliseconds. */
const INTERVAL = 60_000;
/** Extractions in one transaction, so that no answer waits for long. */
const BATCH = 10;

/** Writes down which fields were seen, once a minute. What cannot be written is let go: it is a sample. */
export function startRecordingFields(options: {
  readonly take: () => Promise<readonly ExtractionFields[]>;
  readonly store: Pick<Store, 'recordFields'>;
  readonly log: Pick<Log, 'debug'>;
}): { stop(): Promise<void> } {
  const record = async (): Promise<void> => {
    try {
      const seen = await options.take();
      for (let at = 0; at < seen.length; at += BATCH) {
        await options.store.recordFields(seen.slice(at, at + BATCH));
      }
    } catch (error) {
      options.log.debug({ err: error }, 'the fields that were seen are not written down');
    }
  };
  const timer = setInterval(() => void record(), INTERVAL);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await record();
    },
  };
}
