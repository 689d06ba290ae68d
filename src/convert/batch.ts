import type { Conversion, StoredWebhook, Verified } from '../model.js';
import type { Store } from '../store/store.js';
import type { Examine } from './converter.js';
import { fileKey, inferEdits, type LatestResults } from './infer-edited.js';

/** Converts webhooks in the order in which they came, with what the store knows of their files. */
export type BatchConverter = (webhooks: readonly Verified<StoredWebhook>[]) => Promise<readonly Conversion[]>;

/** The store is asked once for a batch, and only where a source infers edits. */
export function createBatchConverter(examine: Examine, store: Pick<Store, 'latestAccepted'>): BatchConverter {
  return async (webhooks) => {
    const examined = webhooks.map((webhook) => ({ webhook, ...examine(webhook) }));
    if (!examined.some(({ files }) => files.some((file) => file.open))) {
      return examined.map(({ conversion }) => conversion);
    }
    const files = new Map(
      examined.flatMap((each) => each.files).map((file) => [fileKey(file), file.subjects]),
    );
    const known = await store.latestAccepted([...files.values()]);
    const latest: LatestResults = new Map();
    for (const [index, key] of [...files.keys()].entries()) {
      const result = known[index];
      if (result) latest.set(key, result);
    }
    return examined.map(({ webhook, conversion, files }) => {
      const inferred = inferEdits(files, latest);
      return inferred.size === 0 ? conversion : examine(webhook, inferred).conversion;
    });
  };
}
