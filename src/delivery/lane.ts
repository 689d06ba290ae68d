import type { DestinationConfig } from '../config/config.js';
import type { AttemptOutcome, ClaimedDelivery } from '../model.js';
import { createSleep } from '../sleep.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import type { Answer, Message } from './answer.js';
import type { Compose } from './compose.js';
import { outcomeOf } from './outcome.js';
import { startPausedLane } from './paused-lane.js';
import { createSender } from './sender.js';
import { createSettler } from './settler.js';
import type { Trouble } from './trouble.js';
import { within } from './within.js';

/** A lease beyond the time limit of one request: so long may it wait for a slot, and its outcome for the store. */
const WAIT = 15_000;
const SETTLE = 15_000;
/** Held beyond the slots, at the most. */
const MOST_AHEAD = 256;
const LONGEST_BACKOFF = 5_000;
/** How long a stop goes on offering outcomes to a store that does not take them. */
const LAST_SETTLE = 2_000;

/** The way to one destination: what it claims, sends and settles waits for no other destination. */
export interface Lane {
  wake(): void;
  /** When it last claimed, or was busy with all its slots. */
  lastMoved(): number;
  stop(grace: number): Promise<void>;
}

export interface LaneOptions {
  readonly destination: DestinationConfig;
  readonly compose: Compose;
  readonly store: Pick<Store, 'claimDeliveries' | 'settle' | 'lineUp'>;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly trouble: { readonly claim: Trouble; readonly settle: Trouble };
  readonly onAttempt: OnAttempt;
  readonly now: () => number;
  readonly random: () => number;
  readonly pollInterval: number;
}

/** Told of each attempt; times in milliseconds. */
export type OnAttempt = (outcome: AttemptOutcome, duration: number, sinceReceived: number) => void;

/** A delivery that is ours until its lease ends. */
interface Held {
  readonly delivery: ClaimedDelivery;
  readonly leaseEnd: number;
}

export const startLane = (options: LaneOptions): Lane =>
  options.destination.mode === 'paused' ? startPausedLane(options) : startSendingLane(options);

function startSendingLane(options: LaneOptions): Lane {
  const { destination, compose, store, log, trouble, now, pollInterval } = options;
  const { name, concurrency, timeout } = destination;
  const lease = timeout + WAIT + SETTLE;
  const sender = createSender(destination);
  const sleep = createSleep();
  const waiting: Held[] = [];
  let sending = 0;
  /**
   * Requests that ended from one claim to the next: so many are claimed ahead of the slots, for as many will end during
   * the next claim, and more where the slots ran empty. A slow destination so holds next to nothing that waits.
   */
  let ended = 0;
  let ahead = 0;
  /** Whether more may be due. A store may hand out fewer than it is asked for, as where they are large. */
  let more = true;
  let stopping = false;
  let moved = now();
  let onIdle: (() => void) | null = null;

  const lookForMore = (): void => {
    if (more) sleep.wake();
  };
  const settler = createSettler({
    store,
    log,
    trouble: trouble.settle,
    now,
    firstBackoff: pollInterval,
    onWrite: lookForMore,
    onSettled: () => fill(),
  });

  const release = ({ delivery: { id, fence, webhook }, leaseEnd }: Held): void =>
    settler.add({ deliveryId: id, fence, outcome: 'released' }, leaseEnd, webhook.id);

  const room = (): number => concurrency + ahead - sending - waiting.length - settler.owed();

  const fill = (): void => {
    while (sending + settler.owed() < concurrency) {
      const next = waiting.shift();
      if (next === undefined) return;
      send(next);
    }
  };

  const send = (held: Held): void => {
    const startedAt = now();
    // Sent later than this, its outcome could come after the end of the lease, when another has it.
    if (startedAt > held.leaseEnd - timeout - SETTLE) {
      release(held);
      return;
    }
    let message: Message;
    try {
      message = compose(held.delivery, destination, startedAt);
    } catch (error) {
      conclude(held, startedAt, unsendable(error));
      return;
    }
    sending++;
    void sender.send(message).then((answer) => {
      sending--;
      ended++;
      if (answer === null) release(held);
      else conclude(held, startedAt, answer);
      fill();
      if (sending === 0) onIdle?.();
    });
  };

  const conclude = ({ delivery, leaseEnd }: Held, startedAt: number, answer: Answer): void => {
    const endedAt = now();
    const settlement = outcomeOf(delivery, answer, destination, {
      startedAt,
      now: endedAt,
      random: options.random(),
    });
    const { status, duration, error, fault } = settlement.attempt;
    options.onAttempt(settlement.outcome, duration, endedAt - delivery.receivedAt);
    const fields = {
      delivery: delivery.id,
      event: delivery.eventId,
      webhook: delivery.webhook.id,
      destination: name,
      attempt: delivery.attempts + 1,
      status,
      duration,
    };
    if (settlement.outcome === 'missed') log.info({ ...fields, error, fault }, 'a shadow missed it');
    else if (settlement.outcome === 'delivered') log.debug(fields, 'delivered');
    else if (settlement.outcome === 'dead')
      log.error({ ...fields, reason: settlement.reason, fault }, 'dead letter');
    else if (settlement.outcome === 'retry') {
      log.warn(
        { ...fields, error, fault, dueAt: settlement.dueAt },
        'attempt failed; it will be tried again',
      );
    }
    settler.add(settlement, leaseEnd, delivery.webhook.id);
  };

  const claim = async (limit: number): Promise<void> => {
    const claimedAt = now();
    const claimed = await store.claimDeliveries({ destination: name, limit, now: claimedAt, lease });
    trouble.claim.worked();
    moved = now();
    more = claimed.length > 0;
    const starved = waiting.length === 0 && sending < concurrency;
    ahead = Math.min(Math.max(starved ? ended * 2 : ended, ahead >> 1), MOST_AHEAD);
    ended = 0;
    for (const delivery of claimed) {
      const held = { delivery, leaseEnd: claimedAt + lease };
      if (stopping) release(held);
      else waiting.push(held);
    }
    fill();
  };

  const run = async (): Promise<void> => {
    let backoff = pollInterval;
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
        backoff = pollInterval;
      } catch (error) {
        trouble.claim.failed(error);
        await sleep.for(backoff);
        backoff = Math.min(backoff * 2, LONGEST_BACKOFF);
      }
    }
  };
  const running = run();

  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      onIdle = resolve;
      if (sending === 0) resolve();
    });

  return {
    wake: sleep.wake,
    lastMoved: () => moved,
    stop: async (grace) => {
      stopping = true;
      sleep.wake();
      for (const held of waiting.splice(0)) release(held);
      await within(grace, idle());
      sender.abandon();
      await idle();
      await within(LAST_SETTLE, Promise.all([running, settler.drained()]).then(settler.drained));
      const lost = settler.close();
      if (lost > 0) {
        log.error({ destination: name, count: lost }, 'outcomes not recorded; these will be sent again');
      }
      await sender.close();
    },
  };
}

const unsendable = (error: unknown): Answer => ({
  duration: 0,
  status: null,
  response: null,
  retryAfter: null,
  fault: `not sent: ${error instanceof Error ? error.message : String(error)}`,
  ours: true,
});
