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

/**
 * Group commit without a timer: one batch is on its way, and all that comes in meanwhile is the next. A lone webhook
 * waits for nobody, and under load the cost of a durable write is shared. The promise resolves after the COMMIT.
 */
export function createGroupCommit(
  store: Pick<Store, 'putWebhooks'>,
): (webhook: Verified<NewWebhook>) => Promise<number> {
  let waiting: Waiting[] = [];
  let committing = false;

  const commit = async (): Promise<void> => {
    committing = true;
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
    committing = false;
  };

  return (webhook) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= MAX_WAITING) {
        reject(new StoreError('store_unavailable', 'too many webhooks wait to be stored'));
        return;
      }
      waiting.push({ webhook, resolve, reject });
      if (!committing) void commit();
    });
}
