import type { ClaimedDelivery } from '../../model.js';
import { allowance } from '../allowance.js';
import type { Store } from '../store.js';
import type { Deliveries } from './deliveries.js';
import type { Destinations, Holds } from './destinations.js';
import type { Lines } from './lines.js';

type Request = Parameters<Store['claimDeliveries']>[0];

/** Claims, within what holds, limits and orders a destination. */
export class Claims {
  constructor(
    private readonly destinations: Destinations,
    private readonly deliveries: Deliveries,
    private readonly lines: Lines,
  ) {}

  /** Looks, without writing. */
  none({ destination, now }: Request): boolean {
    return this.deliveries.noneDue(destination, now) || isHeld(this.destinations.holds(destination), now);
  }

  claim({ destination, limit, now, lease, rate = null }: Request): readonly ClaimedDelivery[] {
    const holds = this.destinations.holds(destination);
    if (isHeld(holds, now)) return [];
    const [, openUntil, rateAt, ordered] = holds;
    const allowed = rate === null ? null : allowance(rate, rateAt, now);
    const probe = openUntil !== null;
    const most = Math.min(limit, allowed?.count ?? limit, probe ? 1 : limit);
    if (most <= 0) return [];
    const claimed =
      ordered === null
        ? this.deliveries.claim(destination, most, now, lease)
        : this.deliveries.claimThese(this.lines.heads(destination, most, now), destination, now, lease);
    if (claimed.length === 0) return claimed;
    if (allowed !== null) this.destinations.setRate(destination, allowed.after(claimed.length));
    if (!probe) return claimed;
    this.destinations.keepOpen(destination, now + lease);
    return claimed.map((delivery) => ({ ...delivery, probe }));
  }
}

const isHeld = ([pausedAt, openUntil]: Holds, now: number): boolean =>
  pausedAt !== null || (openUntil !== null && openUntil > now);
