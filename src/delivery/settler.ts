import type { Settlement } from '../model.js';
import { createSleep } from '../sleep.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import { createBackoff } from './backoff.js';
import type { Trouble } from './trouble.js';

const LARGEST_BATCH = 512;
/**
 * A write costs as much as five outcomes in it, and with SQLite a wait for the disk in which this thread does nothing
 * else. Nobody waits for an outcome to be written, so some are gathered first: so many, for no more than so many ms.
 */
const ENOUGH = 128;
const GATHER = 2;
/** More than ever wait while the store keeps up; beyond it they hold their slots. */
const MOST_WAITING = 1024;

/** Writes outcomes to the store, many at once. */
export interface Settler {
  /**
   * @param leaseEnd until when the outcome is ours to report.
   * @param webhook the one that it comes from, for the log.
   */
  add(settlement: Settlement, leaseEnd: number, webhook: number): void;
  /** How many outcomes hold their slot, since the store does not take them. */
  owed(): number;
  /** Gathers no more; resolves once nothing waits. */
  drained(): Promise<void>;
  /** Forgets what the store has not taken. @returns how many; called again, none. */
  close(): number;
}

interface Owed {
  readonly settlement: Settlement;
  readonly leaseEnd: number;
  readonly webhook: number;
}

export function createSettler(options: {
  readonly store: Pick<Store, 'settle'>;
  readonly log: Pick<Log, 'warn' | 'error'>;
  readonly trouble: Trouble;
  readonly now: () => number;
  readonly firstBackoff: number;
  /** Called before each write: what the store is asked for now shares its commit. */
  readonly onWrite: () => void;
  /** Called when slots may have become free. */
  readonly onSettled: () => void;
}): Settler {
  const { store, log, trouble, now } = options;
  const sleep = createSleep();
  let waiting: Owed[] = [];
  let underWay = 0;
  let limit = LARGEST_BATCH;
  const backoff = createBackoff(options.firstBackoff, sleep);
  let failing = false;
  let draining = false;
  let closed = false;
  let running: Promise<void> | null = null;

  const settle = async (batch: readonly Owed[]): Promise<void> => {
    const taken = await store.settle(batch.map(({ settlement }) => settlement));
    for (const [index, { settlement, webhook }] of batch.entries()) {
      if (taken[index] === false && settlement.outcome !== 'released') {
        log.warn(
          { delivery: settlement.deliveryId, webhook },
          'outcome not taken: the lease had gone to another',
        );
      }
    }
  };

  /**
   * What fails is tried again in smaller batches, and a single outcome at the end of the queue: one that the store
   * cannot take must not hold up the others. When its lease has ended it is given up: the delivery is sent again.
   */
  const putBack = (batch: readonly Owed[], error: unknown): void => {
    const [first] = batch;
    if (batch.length > 1 || first === undefined) waiting = [...batch, ...waiting];
    else if (first.leaseEnd > now()) waiting.push(first);
    else {
      const { settlement, webhook } = first;
      log.error(
        { delivery: settlement.deliveryId, webhook, err: error },
        'outcome not recorded; it will be sent again',
      );
    }
    limit = Math.max(1, batch.length >> 1);
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0 && !closed) {
      if (!failing && !draining && waiting.length < ENOUGH) await sleep.for(GATHER);
      const batch = waiting.splice(0, limit);
      underWay = batch.length;
      options.onWrite();
      try {
        await settle(batch);
        limit = Math.min(LARGEST_BATCH, limit * 2);
        backoff.reset();
        failing = false;
        trouble.worked();
      } catch (error) {
        failing = true;
        trouble.failed(error);
        putBack(batch, error);
        underWay = 0;
        await backoff.pause();
      }
      underWay = 0;
      options.onSettled();
    }
  };

  const start = (): void => {
    if (running !== null || closed || waiting.length === 0) return;
    running = run().then(() => {
      running = null;
      start();
    });
  };

  return {
    add: (settlement, leaseEnd, webhook) => {
      waiting.push({ settlement, leaseEnd, webhook });
      start();
      if (waiting.length === ENOUGH && !failing) sleep.wake();
    },
    owed: () => {
      const size = waiting.length + underWay;
      return failing ? size : Math.max(0, size - MOST_WAITING);
    },
    drained: async () => {
      draining = true;
      sleep.wake();
      while (running !== null) await running;
    },
    close: () => {
      if (closed) return 0;
      closed = true;
      sleep.wake();
      return waiting.length + underWay;
    },
  };
}
