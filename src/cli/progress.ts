import { type Io, writeLine } from './io.js';

/** Between two lines. */
const EVERY = 2_000;

/** Says on `stderr`, from time to time, how far something has come: nothing where it is quick. */
export function createProgress(io: Pick<Io, 'stderr' | 'now'>): (text: () => string) => void {
  let last = io.now();
  return (text) => {
    if (io.now() - last < EVERY) return;
    last = io.now();
    writeLine(io.stderr, text());
  };
}
