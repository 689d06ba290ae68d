import { Worker } from 'node:worker_threads';
import type { Checkpointer } from '../store/sqlite/checkpoints.js';
import { callThread } from './calls.js';

/** Megabytes: next to nothing is allocated there. */
const HEAP = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 };

/**
 * Starts the checkpoint thread. If it ends by itself, so does this one: its owner has to start both anew.
 *
 * @param path the database, absolute
 */
export function startCheckpointThread(path: string): Checkpointer {
  const worker = new Worker(new URL('./checkpoint-thread.js', import.meta.url), {
    workerData: path,
    resourceLimits: HEAP,
  });
  let stopping = false;
  worker.once('error', (error) => {
    throw new Error('the checkpoint thread broke', { cause: error });
  });
  worker.once('exit', () => {
    if (!stopping) throw new Error('the checkpoint thread ended');
  });
  const { checkpoint, stop } = callThread<Checkpointer>(worker, ['checkpoint', 'stop']);
  return {
    checkpoint,
    stop: async () => {
      stopping = true;
      await stop();
      await worker.terminate();
    },
  };
}
