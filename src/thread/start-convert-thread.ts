import { Worker } from 'node:worker_threads';
import { ShimError } from '../errors.js';
import { callThread } from './calls.js';
import { CONVERT_VERBS, type ConvertApi, type ConvertOptions } from './convert-api.js';

/**
 * Megabytes. All that is made of a webhook there is garbage as soon as it has been answered: a small young generation
 * is emptied while it is in the processor's cache.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 };
/**
 * Milliseconds for one batch. The largest takes a few seconds; what takes longer never ends: the `pattern` of a contract
 * or of a `when` that tries exponentially many ways, on a text that whoever wrote the document chose.
 */
const LONGEST = 30_000;

/** What was more than the thread can do. */
type Excess = 'out_of_memory' | 'out_of_time';

const EXCESS: Readonly<Record<Excess, string>> = {
  out_of_memory: 'the convert thread ran out of memory',
  out_of_time: 'the convert thread took too long',
};

/** The convert thread, whichever it is by now. */
export interface ConvertThread {
  readonly api: ConvertApi;
  stop(): Promise<void>;
}

/**
 * Starts the convert thread. If it ends by itself, so does this one: its owner has to start both anew. But where it runs
 * out of memory or does not come to an end, `examine` and `meets` reject with `out_of_memory` or `out_of_time`, and another
 * one takes its place: started anew with the same webhooks, both would end again, or stand still, for ever.
 *
 * @param longest milliseconds that one call of `examine` or `meets` may take
 * @param yielding whether the other threads go first where the processors are all busy
 */
export function startConvertThread(longest = LONGEST, yielding = true): ConvertThread {
  let thread = startThread({ yielding });
  let stopped = false;
  let configuration: Parameters<ConvertApi['configure']>[0] | null = null;
  let isYielding = yielding;
  let turn: Promise<unknown> = Promise.resolve();

  /** One call at a time, so that it is known which one was too much. */
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const called = turn.then(call);
    turn = called.catch(() => undefined);
    return called;
  };
  const living = async (): Promise<ReturnType<typeof startThread>> => {
    const excess = thread.excess();
    if (excess !== null) {
      // Whoever waits behind what was given up may not start another one.
      if (stopped) throw new ShimError('shutting_down', 'the convert thread was stopped');
      // Perhaps others had the processors: it took 22 s for what takes 1.5 s of one. What is tried again must not be given
      // up for that, and what has once yielded gets its priority back from nobody but root.
      isYielding &&= excess !== 'out_of_time';
      thread = startThread({ yielding: isYielding });
      if (configuration !== null) await thread.api.configure(configuration);
    }
    return thread;
  };
  // Not beside the call, where it would hold the bodies until all are examined.
  const ended = (error: unknown): never => {
    const excess = thread.excess();
    throw excess === null ? error : new ShimError(excess, EXCESS[excess]);
  };
  const watched = async <T>(call: (api: ConvertApi) => Promise<T>): Promise<T> => {
    const { api, giveUp } = await living();
    const stopWatching = callAfter(longest, giveUp);
    return call(api).catch(ended).finally(stopWatching);
  };

  return {
    api: {
      configure: (next) =>
        inTurn(async () => {
          await (await living()).api.configure(next);
          configuration = next;
        }),
      examine: (examinations) => inTurn(() => watched((api) => api.examine(examinations))),
      meets: (...asked) => inTurn(() => watched((api) => api.meets(...asked))),
      takeFields: () => inTurn(async () => (await living()).api.takeFields()),
    },
    stop: () => {
      stopped = true;
      return thread.stop();
    },
  };
}

/** @returns does not call it any more. What has come before the time is over is heard first, also after a standstill. */
function callAfter(ms: number, call: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(call);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

function startThread(options: ConvertOptions): {
  readonly api: ConvertApi;
  /** Why it ended, where that was more than it can do. */
  readonly excess: () => Excess | null;
  /** Ends it, as out of time. */
  readonly giveUp: () => void;
  stop(): Promise<void>;
} {
  const worker = new Worker(new URL('./convert-thread.js', import.meta.url), {
    workerData: options,
    resourceLimits: HEAP,
  });
  let stopping = false;
  let excess: Excess | null = null;
  worker.once('error', (error) => {
    if (!('code' in error) || error.code !== 'ERR_WORKER_OUT_OF_MEMORY') {
      throw new Error('the convert thread broke', { cause: error });
    }
    excess = 'out_of_memory';
  });
  worker.once('exit', () => {
    if (!stopping && excess === null) throw new Error('the convert thread ended');
  });
  return {
    api: callThread<ConvertApi>(worker, CONVERT_VERBS),
    excess: () => excess,
    giveUp: () => {
      excess ??= 'out_of_time';
      void worker.terminate();
    },
    stop: async () => {
      stopping = true;
      await worker.terminate();
    },
  };
}
