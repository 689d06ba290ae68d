import type { ConvertThread } from '../thread/start-convert-thread.js';

/** All that a command may touch of the process that runs it. Filled in by `main.ts`, and by tests. */
export interface Io {
  /** What to type to run this program again, with the same configuration and without arguments. */
  readonly program: string;
  readonly stdout: Writer;
  readonly stderr: Writer;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  /** Whether colours are welcome on `stdout`. */
  readonly colors: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * Resolves when the process is asked to stop (SIGINT, SIGTERM). Signals are caught from the first call on: a command
   * that never asks is ended by them at once, as programs are.
   */
  readonly stopRequested: () => Promise<void>;
  /** Calls back each time the process is asked to read its configuration anew (SIGHUP). @returns ends that */
  readonly onReload: (request: () => void) => () => void;
  /** The thread keeps the process alive until it is stopped. */
  readonly startConvertThread: () => ConvertThread;
}

export interface Writer {
  write(text: string | Uint8Array): unknown;
}

/** 0 done, 1 it was tried and failed, 2 wrong usage or configuration. */
export type ExitStatus = 0 | 1 | 2;

/** Runs what a command does once its arguments are read. */
export type Run = (command: (io: Io) => Promise<ExitStatus>) => Promise<void>;

export const writeLine = (writer: Writer, line = ''): void => {
  writer.write(`${line}\n`);
};
