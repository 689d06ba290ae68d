import type { OrderedBy, Rate } from '../model.js';
import { allowance } from './allowance.js';

/** What a claim may take, as every store decides it. Pure, so that every store decides alike. */

/** What a claim has to know of a destination. */
export type Holds = readonly [
  pausedAt: number | null,
  openUntil: number | null,
  rateAt: number | null,
  ordered: OrderedBy | null,
];

/** Nothing holds, limits or orders it. */
export const FREE: Holds = [null, null, null, null];

export const isHeld = ([pausedAt, openUntil]: Holds, now: number): boolean =>
  pausedAt !== null || (openUntil !== null && openUntil > now);

export interface Room {
  readonly most: number;
  /** It is to be a probe. */
  readonly probe: boolean;
  /** What to remember of the rate where so many were taken; null where there is none. */
  readonly rateAfter: ((taken: number) => number) | null;
}

export function roomFor(
  holds: Holds,
  { limit, now, rate = null }: { readonly limit: number; readonly now: number; readonly rate?: Rate | null },
): Room {
  const [, openUntil, rateAt] = holds;
  const allowed = rate === null ? null : allowance(rate, rateAt, now);
  const probe = openUntil !== null;
  const most = isHeld(holds, now) ? 0 : Math.min(limit, allowed?.count ?? limit, probe ? 1 : limit);
  return { most, probe, rateAfter: allowed?.after ?? null };
}
