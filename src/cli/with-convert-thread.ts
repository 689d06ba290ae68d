import type { Config } from '../config/config.js';
import type { ConvertApi } from '../thread/convert-api.js';
import type { ConvertThread } from '../thread/start-convert-thread.js';
import type { Io } from './io.js';

/** What a command asks of the convert thread. */
type Converting = Pick<ConvertApi, 'examine' | 'meets'>;

/**
 * For a command that converts: in a thread, as the service does, since a `pattern` of the configuration may try ways
 * without an end. What takes too long is given up, and a command that is asked to stop hears it meanwhile. The thread is
 * started once something is asked of it.
 */
export async function withConvertThread<T>(
  config: Pick<Config, 'sources' | 'destinations'>,
  io: Pick<Io, 'startConvertThread'>,
  use: (converting: Converting) => Promise<T>,
): Promise<T> {
  const started: ConvertThread[] = [];
  const api = async (): Promise<Converting> => {
    const [running] = started;
    if (running !== undefined) return running.api;
    const thread = io.startConvertThread();
    started.push(thread);
    await thread.api.configure(config);
    return thread.api;
  };
  try {
    return await use({
      examine: async (examinations) => (await api()).examine(examinations),
      meets: async (...asked) => (await api()).meets(...asked),
    });
  } finally {
    for (const thread of started) await thread.stop();
  }
}
