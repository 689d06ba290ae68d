import type { ClaimedDelivery } from '../../model.js';
import { allowance } from '../allowance.js';
import type { Store } from '../store.js';
import type { Deliveries } from './deliveries.js';
import type { Destinations } from './destinations.js';
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
    return this.deliveries.noneDue(destination, now) || this.#isHeld(destination, now);
  }

  claim({ destination, limit, now, lease, rate = null }: Request): readonly ClaimedDelivery[] {
    if (this.#isHeld(destination, now)) return [];
    const [, openUntil, rateAt, ordered] = this.destinations.holds(destination);
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

  #isHeld(destination: string, now: number): boolean {
    const [pausedAt, openUntil] = this.destinations.holds(destination);
    return pausedAt !== null || (openUntil !== null && openUntil > now);
  }
}
