import type { ClaimedDelivery } from '../../model.js';
import { isHeld, roomFor } from '../claim-rules.js';
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
    return this.deliveries.noneDue(destination, now) || isHeld(this.destinations.holds(destination), now);
  }

  claim(request: Request): readonly ClaimedDelivery[] {
    const { destination, now, lease } = request;
    const holds = this.destinations.holds(destination);
    const { most, probe, rateAfter } = roomFor(holds, request);
    if (most <= 0) return [];
    const claimed =
      holds[3] === null
        ? this.deliveries.claim(destination, most, now, lease)
        : this.deliveries.claimThese(this.lines.heads(destination, most, now), destination, now, lease);
    if (claimed.length === 0) return claimed;
    if (rateAfter !== null) this.destinations.setRate(destination, rateAfter(claimed.length));
    if (!probe) return claimed;
    this.destinations.keepOpen(destination, now + lease);
    return claimed.map((delivery) => ({ ...delivery, probe }));
  }
}
