import { unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Shim } from '../app.js';
import type { Config } from '../config/config.js';
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
 * @param running what it started with: the file may have been saved since that was read and before it is watched here
 * @returns ends it: what is still asked for is let be
 */
export function reloadOnRequest(
  shim: Pick<Shim, 'reload'>,
  started: Promise<unknown>,
  { file, config: running }: Pick<LoadedConfig, 'file' | 'config'>,
  load: () => LoadedConfig,
  io: Pick<Io, 'onReload'>,
  log: Pick<Log, 'info' | 'warn' | 'error'>,
): () => void {
  let ended = false;

  const reload = async (unlike?: Config): Promise<void> => {
    if (ended) return;
    try {
      const { config, warnings } = load();
      if (isDeepStrictEqual(config, unlike)) return;
      const needRestart = await shim.reload(config);
      for (const warning of warnings) log.warn(warning);
      if (needRestart.length > 0) log.warn({ keys: needRestart }, 'these changes take effect with a restart');
      log.info({ file }, 'configuration loaded anew');
    } catch (error) {
      // The service stops, and cannot take it any more.
      if (ended) return;
      log.error(
        { file, faults: messageOf(error).split('\n') },
        'configuration not loaded: the one before stays',
      );
    }
  };
  // One after the other: the last one saved is the one that runs.
  let last: Promise<unknown> = started.then(
    () => reload(running),
    () => undefined,
  );
  const request = (): void => {
    last = last.then(() => reload());
  };
  const look = (now: { mtimeMs: number; ino: number }, before: { mtimeMs: number; ino: number }): void => {
    // Gone for a moment while it is replaced.
    if (now.mtimeMs !== 0 && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino)) request();
  };
  watchFile(file, { interval: LOOK_EVERY, persistent: false }, look);
  const forget = io.onReload(request);
  return () => {
    ended = true;
    unwatchFile(file, look);
    forget();
  };
}
