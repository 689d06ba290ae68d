import type { Sleep } from '../sleep.js';
import type { Trouble } from './trouble.js';

/** Milliseconds. */
const LONGEST = 5_000;

/** Pauses between attempts at what fails, each twice as long as the one before. */
export interface Backoff {
  pause(): Promise<void>;
  /** It has worked: the next pause is a short one. */
  reset(): void;
}

/** @param first milliseconds @param sleep a wake ends the pause */
export function createBackoff(first: number, sleep: Pick<Sleep, 'for'>): Backoff {
  let next = first;
  return {
    pause: () => {
      const current = next;
      next = Math.min(next * 2, LONGEST);
      return sleep.for(current);
    },
    reset: () => {
      next = first;
    },
  };
}

/** Tries until the store takes it, or that is no longer wanted. */
export async function insist(
  verb: () => Promise<unknown>,
  {
    backoff,
    trouble,
    wanted,
  }: { readonly backoff: Backoff; readonly trouble: Trouble; readonly wanted: () => boolean },
): Promise<void> {
  while (wanted()) {
    try {
      await verb();
      trouble.worked();
      return;
    } catch (error) {
      trouble.failed(error);
      await backoff.pause();
    }
  }
}
