import type { DestinationConfig } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { ClaimedDelivery } from '../model.js';
import type { Log } from '../telemetry/log.js';
import type { Answer, Message } from './answer.js';
import type { Compose } from './compose.js';
import type { Holds } from './holds.js';
import type { OnAttempt } from './lane.js';
import type { Load } from './load.js';
import { outcomeOf } from './outcome.js';
import { reportOutcome } from './report.js';
import { createSender } from './sender.js';
import type { Settler } from './settler.js';
import type { Turns } from './turns.js';

/** A lease beyond the time limit of one request: so long may it wait for a slot, and its outcome for the store. */
const WAIT = 15_000;
const SETTLE = 15_000;

export const leaseFor = ({ timeout }: Pick<DestinationConfig, 'timeout'>): number => timeout + WAIT + SETTLE;

/** A delivery that is ours until its lease ends. */
export interface Held {
  readonly delivery: ClaimedDelivery;
  readonly leaseEnd: number;
}

/** Sent now, its outcome could come after the end of the lease, when another has it. */
export const isTooLate = (
  { leaseEnd }: Held,
  { timeout }: Pick<DestinationConfig, 'timeout'>,
  now: number,
): boolean => now > leaseEnd - timeout - SETTLE;

/** What is ours at one destination: sent as slots become free, and settled. */
export interface Slots {
  add(held: Held): void;
  /** Sends what there is a slot for. */
  fill(): void;
  /** How many are being sent, and how many wait for a slot. */
  sending(): number;
  waiting(): number;
  /** Requests that ended since this was asked last. */
  ended(): number;
  /** Hands it back: due as it was, or else at a time. */
  release(held: Held, dueAt?: number): void;
  /** Hands back what waits for a slot: all of it, or some. */
  releaseWaiting(which?: (held: Held) => boolean): void;
  /** Resolves once nothing is being sent. */
  idle(): Promise<void>;
  /** Ends what is on its way, without an answer. */
  abandon(): void;
  close(): Promise<void>;
}

export function createSlots(options: {
  readonly destination: DestinationConfig;
  readonly compose: Compose;
  readonly settler: Pick<Settler, 'add' | 'owed'>;
  readonly holds: Pick<Holds, 'note' | 'untested'>;
  readonly load: Load;
  readonly turns: Turns;
  readonly onAttempt: OnAttempt;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly now: () => number;
  readonly random: () => number;
}): Slots {
  const { destination, settler, holds, load, turns, log, now } = options;
  const { concurrency } = destination;
  const sender = createSender(destination);
  let waiting: Held[] = [];
  let sending = 0;
  let ended = 0;
  const onIdle: (() => void)[] = [];

  const release = ({ delivery, leaseEnd }: Held, dueAt?: number): void => {
    holds.untested(delivery);
    const { id, fence, webhook } = delivery;
    const later = dueAt === undefined ? {} : { dueAt };
    settler.add({ deliveryId: id, fence, outcome: 'released', ...later }, leaseEnd, webhook.id);
  };

  const conclude = ({ delivery, leaseEnd }: Held, startedAt: number, answer: Answer): void => {
    const at = { startedAt, now: now(), random: options.random() };
    const settlement = outcomeOf(delivery, answer, destination, at);
    reportOutcome(log, delivery, settlement);
    options.onAttempt(settlement.outcome, answer.duration, at.now - delivery.receivedAt);
    settler.add(settlement, leaseEnd, delivery.webhook.id);
    holds.note(delivery, startedAt, answer);
  };

  const send = (held: Held): void => {
    const startedAt = now();
    if (isTooLate(held, destination, startedAt)) {
      release(held);
      return;
    }
    let message: Message;
    try {
      message = options.compose(held.delivery, destination, startedAt);
    } catch (error) {
      conclude(held, startedAt, unsendable(error));
      return;
    }
    const size = message.body.length;
    sending++;
    load.add(size);
    turns.add(size);
    void sender.send(message).then((answer) => {
      sending--;
      load.remove(size);
      ended++;
      if (answer === null) release(held);
      else conclude(held, startedAt, answer);
      fill();
      if (sending === 0) for (const resolve of onIdle.splice(0)) resolve();
    });
  };

  const fill = (): void => {
    while (sending + settler.owed() < concurrency && !load.full()) {
      if (turns.spent()) {
        turns.next(fill);
        return;
      }
      const next = waiting.shift();
      if (next === undefined) return;
      send(next);
    }
  };

  return {
    add: (held) => waiting.push(held),
    fill,
    sending: () => sending,
    waiting: () => waiting.length,
    ended: () => {
      const count = ended;
      ended = 0;
      return count;
    },
    release,
    releaseWaiting: (which = () => true) => {
      const released = waiting.filter(which);
      waiting = waiting.filter((held) => !released.includes(held));
      for (const held of released) release(held);
    },
    idle: () =>
      new Promise((resolve) => {
        if (sending === 0) resolve();
        else onIdle.push(resolve);
      }),
    abandon: sender.abandon,
    close: sender.close,
  };
}

const unsendable = (error: unknown): Answer => ({
  duration: 0,
  status: null,
  response: null,
  retryAfter: null,
  fault: `not sent: ${messageOf(error)}`,
  ours: true,
});
