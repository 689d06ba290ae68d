import { unwatchFile, watchFile } from 'node:fs';
import type { Shim } from '../app.js';
import type { LoadedConfig } from '../config/load.js';
import { messageOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Io } from './io.js';

/** Polled, since watching misses what editors and mounted volumes do: they replace the file. */
const LOOK_EVERY = 1_000;

/**
 * Loads the configuration anew on SIGHUP and when its file was saved. A bad one is reported with all its faults, and
 * the one that runs stays.
 *
 * @param started what is asked for before this resolves is done after it
 * @returns ends it
 */
export function reloadOnRequest(
  shim: Pick<Shim, 'reload'>,
  started: Promise<unknown>,
  file: string,
  load: () => LoadedConfig,
  io: Pick<Io, 'onReload'>,
  log: Pick<Log, 'info' | 'warn' | 'error'>,
): () => void {
  let last: Promise<unknown> = started.catch(() => undefined);

  const reload = async (): Promise<void> => {
    try {
      const { config, warnings } = load();
      const needRestart = await shim.reload(config);
      for (const warning of warnings) log.warn(warning);
      if (needRestart.length > 0) log.warn({ keys: needRestart }, 'these changes take effect with a restart');
      log.info({ file }, 'configuration loaded anew');
    } catch (error) {
      log.error(
        { file, faults: messageOf(error).split('\n') },
        'configuration not loaded: the one before stays',
      );
    }
  };
  // One after the other: the last one saved is the one that runs.
  const request = (): void => {
    last = last.then(reload);
  };
  const look = (now: { mtimeMs: number; ino: number }, before: { mtimeMs: number; ino: number }): void => {
    // Gone for a moment while it is replaced.
    if (now.mtimeMs !== 0 && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino)) request();
  };
  watchFile(file, { interval: LOOK_EVERY, persistent: false }, look);
  const forget = io.onReload(request);
  return () => {
    unwatchFile(file, look);
    forget();
  };
}
