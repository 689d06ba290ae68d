import type { ClaimedDelivery } from '../../model.js';
import { isHeld, roomFor } from '../claim-rules.js';
import type { Store } from '../store.js';
import { claimDue, claimFree, claimThese } from './claim-statements.js';
import type { Database } from './database.js';
import type { Destinations } from './destinations.js';
import { type Frontiers, START } from './frontiers.js';
import type { Lines } from './lines.js';

type Request = Parameters<Store['claimDeliveries']>[0];

/**
 * Claims, within what holds, limits and orders a destination. Nearly all have none of it, and instances claim for them
 * side by side, in one statement. For the others they take turns, by the lock on the destination's row: only so is a
 * probe the only one, a rate exact, and a line sent one at a time.
 */
export class Claims {
  constructor(
    private readonly db: Database,
    private readonly destinations: Destinations,
    private readonly lines: Lines,
    private readonly frontiers: Frontiers,
  ) {}

  async claim(request: Request): Promise<readonly ClaimedDelivery[]> {
    const { destination, now, rate = null } = request;
    if (rate === null) {
      const claimed = await this.#claimFree(request);
      if (claimed.length > 0) return claimed;
    }
    // To look costs nothing: no lock, no write.
    const { due, holds } = await this.destinations.look(destination, now);
    if (!due || isHeld(holds, now) || (rate === null && holds[1] === null && holds[3] === null)) return [];
    return this.#claimInTurn(request);
  }

  async #claimFree(request: Request): Promise<readonly ClaimedDelivery[]> {
    let begun = START;
    const { claimed } = await this.frontiers.claim(request.destination, request.now, (from) => {
      begun = from;
      return claimFree(this.db, request, from);
    });
    return claimed.length === 0 && begun !== START ? this.#claimFree(request) : claimed;
  }

  #claimInTurn(request: Request): Promise<readonly ClaimedDelivery[]> {
    const { destination, now, lease } = request;
    return this.db.transaction(async (session) => {
      const holds = await this.destinations.lock(session, destination);
      const { most, probe, rateAfter } = roomFor(holds, request);
      if (most <= 0) return [];
      // Statements begin after the lock, so that they see what the claim before has left.
      const claimed =
        holds[3] === null
          ? await claimDue(session, request, most)
          : await claimThese(session, request, await this.lines.heads(session, destination, most, now));
      if (claimed.length === 0) return claimed;
      if (rateAfter !== null || probe) {
        const rateAt = rateAfter?.(claimed.length) ?? null;
        this.destinations.noteClaim(session, destination, rateAt, probe ? now + lease : null);
      }
      return probe ? claimed.map((delivery) => ({ ...delivery, probe })) : claimed;
    });
  }
}
