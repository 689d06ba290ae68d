import type { Readable } from 'node:stream';
import { RequestError } from '../errors.js';

/** So much of each body is not counted: the number of connections bounds it, and small bodies are always taken. */
export const SMALL = 64 * 1024;

/**
 * Bounds what bodies hold together: counts what comes through a stream, as it comes, for what was only announced takes no
 * room from others. The stream for which there is none is destroyed with a `RequestError`, so that the others can end.
 *
 * @returns to be called once nothing of it is held any more
 */
export type MemoryBound = (stream: Readable) => () => void;

/** @param most bytes at one time, beyond what is small */
export function createMemoryBound(most: number): MemoryBound {
  let held = 0;
  return (stream) => {
    let received = 0;
    let counted = 0;
    let released = false;
    const count = (bytes: number): void => {
      held += bytes - counted;
      counted = bytes;
    };
    stream.on('data', (chunk: Buffer) => {
      if (released) return;
      received += chunk.length;
      count(Math.max(0, received - SMALL));
      if (held > most) {
        stream.destroy(new RequestError(503, 'busy', 'Too many large bodies at once. Send it again.'));
      }
    });
    return () => {
      released = true;
      count(0);
    };
  };
}
