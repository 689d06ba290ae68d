import { Worker } from 'node:worker_threads';
import { ShimError } from '../errors.js';
import { callThread } from './calls.js';
import { CONVERT_VERBS, type ConvertApi } from './convert-api.js';

/**
 * Megabytes. All that is made of a webhook there is garbage as soon as it has been answered: a small young generation
 * is emptied while it is in the processor's cache.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 };

/**
 * Starts the convert thread. If it ends by itself, so does this one: its owner has to start both anew. But where it runs
 * out of memory, `examine` rejects with `out_of_memory`, and another one takes its place: started anew with the same
 * webhooks, both would end again for ever.
 */
export function startConvertThread(): { readonly api: ConvertApi; stop(): Promise<void> } {
  let thread = startThread();
  let configuration: Parameters<ConvertApi['configure']>[0] | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  /** One call at a time, so that it is known which one was too much. */
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const called = turn.then(call);
    turn = called.catch(() => undefined);
    return called;
  };
  const living = async (): Promise<ConvertApi> => {
    if (thread.outOfMemory()) {
      thread = startThread();
      if (configuration !== null) await thread.api.configure(configuration);
    }
    return thread.api;
  };
  // Not beside the call, where it would hold the bodies until all are examined.
  const ended = (error: unknown): never => {
    throw thread.outOfMemory()
      ? new ShimError('out_of_memory', 'the convert thread ran out of memory')
      : error;
  };

  return {
    api: {
      configure: (next) =>
        inTurn(async () => {
          await (await living()).configure(next);
          configuration = next;
        }),
      examine: (examinations) => inTurn(async () => (await living()).examine(examinations).catch(ended)),
      takeFields: () => inTurn(async () => (await living()).takeFields()),
    },
    stop: () => thread.stop(),
  };
}

function startThread(): {
  readonly api: ConvertApi;
  readonly outOfMemory: () => boolean;
  stop(): Promise<void>;
} {
  const worker = new Worker(new URL('./convert-thread.js', import.meta.url), { resourceLimits: HEAP });
  let stopping = false;
  let outOfMemory = false;
  worker.once('error', (error) => {
    outOfMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (!outOfMemory) throw new Error('the convert thread broke', { cause: error });
  });
  worker.once('exit', () => {
    if (!stopping && !outOfMemory) throw new Error('the convert thread ended');
  });
  return {
    api: callThread<ConvertApi>(worker, CONVERT_VERBS),
    outOfMemory: () => outOfMemory,
    stop: async () => {
      stopping = true;
      await worker.terminate();
    },
  };
}
