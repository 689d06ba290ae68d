import { type Stats, statSync, unwatchFile, watchFile } from 'node:fs';
import type { Shim } from '../app.js';
import type { LoadedConfig } from '../config/load.js';
import { messageOf } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import type { Io } from './io.js';

/** Polled, since watching misses what editors and mounted volumes do: they replace the file. */
const LOOK_EVERY = 1_000;

/**
 * What tells one save of a file from another; null where it is gone for a moment, as while it is replaced, and for what is
 * no file: a pipe holds its text once, and who opens it again may wait for ever.
 */
export function savedState(file: string): string | null {
  try {
    return stateOf(statSync(file));
  } catch {
    return null;
  }
}

/** A file, and how it was before it was read: it may have been saved since, and before it is watched. */
export interface WatchedFile {
  readonly file: string;
  readonly saved: ReturnType<typeof savedState>;
}

const stateOf = (stats: Stats): string | null =>
  stats.isFile() ? `${stats.ino} ${stats.mtimeMs} ${stats.size}` : null;

/**
 * Loads the configuration anew on SIGHUP and when a file of it was saved. A bad one is reported with all its faults, and
 * the one that runs stays.
 *
 * @param started what is asked for before this resolves is done after it
 * @param file what the log calls the configuration
 * @param watched what is looked at: also `.env`, which the commands read as it is now. A service that went on with the
 *   secret before would refuse what `refused retry` has just taken.
 * @returns ends it: what is still asked for is let be
 */
export function reloadOnRequest(
  shim: Pick<Shim, 'reload'>,
  started: Promise<unknown>,
  file: string,
  watched: readonly WatchedFile[],
  load: () => LoadedConfig,
  io: Pick<Io, 'onReload'>,
  log: Pick<Log, 'info' | 'warn' | 'error'>,
): () => void {
  let ended = false;

  const reload = async (): Promise<void> => {
    if (ended) return;
    try {
      const { config, warnings } = load();
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
  let last: Promise<unknown> = started.catch(() => undefined);
  const request = (): void => {
    last = last.then(reload);
  };
  const ends = watched.map((each) => watch(each, started, request));
  const forget = io.onReload(request);
  return () => {
    ended = true;
    for (const end of ends) end();
    forget();
  };
}

/** @returns ends it */
function watch({ file, saved }: WatchedFile, started: Promise<unknown>, request: () => void): () => void {
  let known = saved;
  const see = (state: string | null): void => {
    if (state === null || state === known) return;
    known = state;
    request();
  };
  const look = (now: Stats): void => see(stateOf(now));
  void started.then(
    () => see(savedState(file)),
    () => undefined,
  );
  watchFile(file, { interval: LOOK_EVERY, persistent: false }, look);
  return () => unwatchFile(file, look);
}
