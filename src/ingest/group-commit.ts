import { StoreError } from '../errors.js';
import type { NewWebhook, Verified } from '../model.js';
import type { Store } from '../store/store.js';

/** As many as wait while the store stands still; what comes on top is told to come again. */
const MAX_WAITING = 10_000;
/** A body of 4 KB makes this a message of 1 MB to the store's thread. */
const MAX_BATCH = 256;

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
 * Group commit without a timer: one batch is on its way, and all that comes in meanwhile is the next. A lone webhook
 * waits for nobody, and under load the cost of a durable write is shared. Where nothing is on its way, all that comes in
 * the same turn of the event loop is one batch: requests come in bursts, and with a commit for the first of each alone a
 * tenth fewer of them were answered a second.
 */
export function createGroupCommit(store: Pick<Store, 'putWebhooks'>): GroupCommit {
  let waiting: Waiting[] = [];
  let committing: Promise<void> | null = null;

  const commit = async (): Promise<void> => {
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      try {
        const ids = await store.putWebhooks(batch.map((each) => each.webhook));
        for (const [index, each] of batch.entries()) each.resolve(ids[index] ?? 0);
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    committing = null;
  };

  return {
    accept: (webhook) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= MAX_WAITING) {
          reject(new StoreError('store_unavailable', 'too many webhooks wait to be stored'));
          return;
        }
        waiting.push({ webhook, resolve, reject });
        committing ??= commit();
      }),
    drained: async () => {
      while (committing !== null) await committing;
    },
  };
}
