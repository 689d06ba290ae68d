import type { Conversion } from '../model.js';
import type { SavedConversion } from '../store/rows.js';
import type { BatchConverter, ExaminedBatch } from './batch.js';

/** In a row, of which none saved anything. Each of them means that another process did: they take turns. */
const TRIES = 10;

/**
 * Concludes a batch and saves it, and again those that turned out to be stale, because another process saved what they
 * had to be inferred from meanwhile.
 *
 * @param told is called with what came of which conversions, each time
 * @returns those that are still stale: they wait where they were
 */
export async function saveConcluded(
  batch: ExaminedBatch,
  { conclude }: Pick<BatchConverter, 'conclude'>,
  save: (conversions: readonly Conversion[]) => Promise<readonly SavedConversion[]>,
  told: (batch: ExaminedBatch, conversions: readonly Conversion[], saved: readonly SavedConversion[]) => void,
): Promise<ExaminedBatch> {
  let left = batch;
  let tries = 0;
  while (left.length > 0 && tries < TRIES) {
    const conversions = await conclude(left);
    const saved = await save(conversions);
    told(left, conversions, saved);
    const stale = new Set(saved.flatMap((one) => (one.stale === true ? [one.webhookId] : [])));
    tries = stale.size < left.length ? 0 : tries + 1;
    left = left.filter(({ webhook }) => stale.has(webhook.id));
  }
  return left;
}
