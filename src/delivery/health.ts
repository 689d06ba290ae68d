import type { Answer } from './answer.js';

/** What an answer says of the destination itself, beyond the delivery that it answered. */
export type Health = 'up' | 'down' | 'unknown';

/**
 * Statuses below 500 that say that no delivery would fare better now: it asks for patience, or does not let us in. Any
 * other 4xx is about one event: a handler that refuses it is alive.
 */
const CLOSED_DOORS: ReadonlySet<number> = new Set([401, 403, 407, 408, 425, 429]);

/** Only what is the destination's doing, or happens on the way there, counts against it. */
export function healthOf({ status, fault, ours }: Answer): Health {
  if (ours) return 'unknown';
  if (fault !== null || status === null || status >= 500) return 'down';
  // A redirect leads every delivery away.
  return (status >= 300 && status < 400) || CLOSED_DOORS.has(status) ? 'down' : 'up';
}

/** It says that it will never take anything again. */
export const isGone = ({ status, fault }: Pick<Answer, 'status' | 'fault'>): boolean =>
  status === 410 && fault === null;
