import type { ClaimedDelivery } from '../model.js';
import { within } from '../patience.js';
import { createSleep } from '../sleep.js';
import { createBackoff } from './backoff.js';
import { createHolds } from './holds.js';
import type { Lane, LaneOptions } from './lane.js';
import { createOrder } from './order.js';
import { reportGap } from './report.js';
import { createSettler } from './settler.js';
import { addSiblings } from './siblings.js';
import { createSlots, type Held, isTooLate, leaseFor } from './slots.js';

/** Held beyond the slots, at the most. */
const MOST_AHEAD = 256;
/** So much later is due what the store would not split: claimed again at once, it would be a hundred times a second. */
const SPLIT_AGAIN = 5_000;
/** How long a stop goes on offering outcomes to a store that does not take them. */
const LAST_SETTLE = 2_000;

/** Claims what is due to a destination as its slots become free. */
export function startSendingLane(options: LaneOptions): Lane {
  const { destination, store, log, load, trouble, now, pollInterval } = options;
  const { name, format, concurrency, rate, ordered } = destination;
  const lease = leaseFor(destination);
  const sleep = createSleep();
  /**
   * So many are claimed ahead of the slots as requests ended from one claim to the next, for as many will end during
   * the next claim, and more where the slots ran empty. A slow destination so holds next to nothing that waits; one with
   * a rate holds nothing, for what is claimed counts as sent.
   */
  let ahead = 0;
  /** Whether more may be due. A store may hand out fewer than it is asked for, as where they are large. */
  let more = true;
  let stopping = false;
  let moved = now();
  /** Whether it waits for others, that are watched by themselves: the store, and the convert thread, which takes its time. */
  let splitting = false;
  /** What was split too late to be sent by that claim: of what goes along as before, the store does not know. */
  const splitBefore = new Set<number>();
  /** How often it was held: what a claim brings that was under way meanwhile is handed back. */
  let times = 0;

  const lookForMore = (): void => {
    if (more) sleep.wake();
  };
  const hold = (): void => {
    times++;
    slots.releaseWaiting(({ delivery }) => !delivery.probe);
  };
  const settler = createSettler({
    store,
    log,
    trouble: trouble.settle,
    now,
    firstBackoff: pollInterval,
    onWrite: lookForMore,
    onSettled: () => {
      slots.fill();
      if (ordered === null) return;
      // The next of its line may go out now, whatever the last claim found.
      more = true;
      sleep.wake();
    },
  });
  const holds = createHolds({
    destination,
    store,
    log,
    trouble: trouble.hold,
    now,
    firstBackoff: pollInterval,
    onHeld: hold,
  });
  const slots = createSlots({ ...options, settler, holds });
  const putInOrder = createOrder(destination, options);

  const room = (): number =>
    load.full() ? 0 : concurrency + ahead - slots.sending() - slots.waiting() - settler.owed();

  /** @returns false where the store did not take what goes with it: it is sent another time. */
  const complete = async (delivery: ClaimedDelivery): Promise<boolean> => {
    splitting = true;
    try {
      await addSiblings(delivery, options.takes, store, now());
      trouble.split.worked();
      return true;
    } catch (error) {
      trouble.split.failed(error);
      return false;
    } finally {
      splitting = false;
      moved = now();
    }
  };

  /** @param isToStay whether it cannot be sent any more by this claim */
  const takeIn = async (held: Held, isToStay: (held: Held) => boolean): Promise<void> => {
    const { delivery } = held;
    if (isToStay(held)) return slots.release(held);
    const isWhole = !splitBefore.delete(delivery.id) && format === 'new' && delivery.severalEvents;
    // What is ready goes out meanwhile: with all of them it could be too late for each, in every claim.
    if (isWhole) slots.fill();
    if (isWhole && !(await complete(delivery))) return slots.release(held, now() + SPLIT_AGAIN);
    if (isWhole && isToStay(held)) {
      splitBefore.add(delivery.id);
      return slots.release(held);
    }
    slots.add(held);
  };

  const claim = async (limit: number): Promise<void> => {
    await holds.written();
    await putInOrder();
    const before = times;
    const claimedAt = now();
    const claimed = await store.claimDeliveries({ destination: name, limit, now: claimedAt, lease, rate });
    trouble.claim.worked();
    moved = now();
    // Fewer than the room there was: the rate allows no more for now.
    more = rate === null ? claimed.length > 0 : claimed.length >= limit;
    const starved = slots.waiting() === 0 && slots.sending() < concurrency;
    const ended = slots.ended();
    if (rate === null) ahead = Math.min(Math.max(starved ? ended * 2 : ended, ahead >> 1), MOST_AHEAD);
    const isToStay = (held: Held): boolean =>
      stopping || (before !== times && !held.delivery.probe) || isTooLate(held, destination, now());
    for (const delivery of claimed) {
      await takeIn({ delivery, leaseEnd: claimedAt + lease }, isToStay);
      reportGap(log, delivery);
    }
    slots.fill();
  };

  const run = async (): Promise<void> => {
    const backoff = createBackoff(pollInterval, sleep);
    while (!stopping) {
      // For a few free slots alone no claim is made, until outcomes are written anyway, or someone gave a hint.
      if (!more || room() <= (concurrency + ahead) >> 2) await sleep.for(pollInterval);
      if (stopping) break;
      const limit = room();
      if (limit <= 0) {
        if (settler.owed() === 0) moved = now();
        continue;
      }
      try {
        await claim(limit);
        backoff.reset();
      } catch (error) {
        trouble.claim.failed(error);
        await backoff.pause();
      }
    }
  };
  const running = run();

  return {
    wake: sleep.wake,
    lastMoved: () => (splitting ? now() : moved),
    hold,
    stop: async (grace) => {
      stopping = true;
      sleep.wake();
      slots.releaseWaiting();
      await within(grace, slots.idle());
      slots.abandon();
      await slots.idle();
      const rest = Promise.all([running, settler.drained(), holds.written()]).then(settler.drained);
      await within(LAST_SETTLE, rest);
      holds.close();
      const lost = settler.close();
      if (lost > 0) {
        log.error({ destination: name, count: lost }, 'outcomes not recorded; these will be sent again');
      }
      await slots.close();
    },
  };
}
