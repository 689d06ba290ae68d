import { type DestinationStream, pino } from 'pino';

/** Bytes of lines that wait while nothing can be written: some five thousand. What comes on top is left out. */
const MOST_WAITING = 1024 * 1024;
/**
 * Of 100 ms each, until all has been written again: a reader that is slow for a moment gets all lines, and one that
 * stands still holds up nobody for longer.
 */
const MOST_WAITS = 10;
/** Milliseconds after which lines that wait are tried again, where no new one comes. */
const TRY_AGAIN = 200;

/**
 * A file descriptor that the log goes to. Each line is written before `write` returns, where it can be. Where it cannot,
 * as on a full disk, or into a pipe whose reader stands still, the service goes on: lines wait for better times, up to a
 * bound. (By itself pino's destination ends the process on a full disk, and waits for a reader for ever.)
 *
 * @param onLost told once lines are written again, with how many were left out
 */
export function openLogOutput(fd: number, onLost: (lines: number) => void): DestinationStream {
  let failing = false;
  let waits = 0;
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;
  const output = pino.destination({
    dest: fd,
    sync: true,
    maxLength: MOST_WAITING,
    retryEAGAIN: () => ++waits <= MOST_WAITS,
  });
  output.on('error', () => {
    failing = true;
  });
  output.on('drop', () => {
    failing = true;
    lost++;
  });

  /** With all that waits before it. */
  const write = (text: string): void => {
    failing = false;
    output.write(text);
    clearTimeout(timer);
    if (failing) {
      timer = setTimeout(write, TRY_AGAIN, '').unref();
      return;
    }
    waits = 0;
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    onLost(lines);
  };
  return { write };
}
