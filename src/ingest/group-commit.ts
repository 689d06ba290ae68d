import { StoreError } from '../errors.js';
import type { NewWebhook, Verified } from '../model.js';
import type { Store } from '../store/store.js';

/** As many as wait while the store stands still; what comes on top is told to come again. */
const MAX_WAITING = 10_000;
/** A body of 4 KB makes this a message of 1 MB to the store's thread. */
const MAX_BATCH = 256;
/** A batch ends past so many characters of bodies: that thread's heap would hold all of 256 MB that senders may bring. */
const MAX_SIZE = 16 * 1024 * 1024;

interface Waiting {
  readonly webhook: Verified<NewWebhook>;
  readonly resolve: (id: number) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit {
  /** @returns the webhook's id, after the COMMIT. @throws {StoreError} where it was not stored */
  accept(webhook: Verified<NewWebhook>): Promise<number>;
  /** Resolves once nothing waits: senders may be gone that still wait for their answer. */
  drained(): Promise<void>;
}

/**
 * Group commit without a timer: what comes in within one turn of the event loop is a batch, for requests come in bursts,
 * and while as many batches are on their way as may be, all that comes in is the next. A lone webhook waits for nobody,
 * and under load the cost of a durable write is shared.
 *
 * @param underWay batches on their way at one time. Two, so that the next is there when one has been written, only where
 *   the store writes them in the order in which they are handed over: that is the order in which events are delivered
 */
export function createGroupCommit(store: Pick<Store, 'putWebhooks'>, underWay: 1 | 2): GroupCommit {
  const waiting: Waiting[] = [];
  let scheduled = false;
  const puts = new Set<Promise<void>>();

  const put = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const ids = await store.putWebhooks(batch.map((each) => each.webhook));
      for (const [index, each] of batch.entries()) each.resolve(ids[index] ?? 0);
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  };
  const start = (): void => {
    while (waiting.length > 0 && puts.size < underWay) {
      const batch = waiting.splice(0, lengthOfBatch(waiting));
      const putting = put(batch).then(() => {
        puts.delete(putting);
        start();
      });
      puts.add(putting);
    }
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      start();
    });
  };

  return {
    accept: (webhook) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= MAX_WAITING) {
          reject(
            new StoreError(
              'store_unavailable',
              'too many webhooks wait: the store stands still, or is too slow; see /readyz',
            ),
          );
          return;
        }
        waiting.push({ webhook, resolve, reject });
        schedule();
      }),
    drained: async () => {
      while (scheduled || puts.size > 0) await (puts.size > 0 ? Promise.race(puts) : turn());
    },
  };
}

function lengthOfBatch(waiting: readonly Waiting[]): number {
  const most = Math.min(waiting.length, MAX_BATCH);
  let size = 0;
  let length = 0;
  while (length < most && size < MAX_SIZE) size += waiting[length++]?.webhook.body.length ?? 0;
  return length;
}

const turn = (): Promise<void> => new Promise(setImmediate);
