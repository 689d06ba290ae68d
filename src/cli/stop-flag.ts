import { ShimError } from '../errors.js';
import type { Io } from './io.js';

/** Tells whether the command was asked to stop: by a person, or since nobody reads its output any more. */
export function stopFlag(io: Pick<Io, 'stopRequested'>): () => boolean {
  let asked = false;
  void io.stopRequested().then(() => {
    asked = true;
  });
  return () => asked;
}

/** Of a command that goes on where it was. */
export const interruptedError = (): ShimError =>
  new ShimError('shutting_down', 'interrupted: run the same command again to go on');
