import { Worker } from 'node:worker_threads';
import { callThread } from './calls.js';
import { CONVERT_VERBS, type ConvertApi } from './convert-api.js';

/**
 * Megabytes. All that is made of a webhook there is garbage as soon as it has been answered: a small young generation
 * is emptied while it is in the processor's cache.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 };

/** Starts the convert thread. If it ends by itself, so does this one: its owner has to start both anew. */
export function startConvertThread(): { readonly api: ConvertApi; stop(): Promise<void> } {
  const worker = new Worker(new URL('./convert-thread.js', import.meta.url), { resourceLimits: HEAP });
  let stopping = false;
  worker.once('error', (error) => {
    throw new Error('the convert thread broke', { cause: error });
  });
  worker.once('exit', () => {
    if (!stopping) throw new Error('the convert thread ended');
  });
  return {
    api: callThread<ConvertApi>(worker, CONVERT_VERBS),
    stop: async () => {
      stopping = true;
      await worker.terminate();
    },
  };
}
