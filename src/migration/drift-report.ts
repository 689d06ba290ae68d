import type { Store } from '../store/store.js';
import { type Drift, driftOf } from './drift.js';

/** What has changed in the results of one extraction. */
export interface ExtractionDrift {
  readonly source: string;
  readonly extractionId: string;
  readonly drift: readonly Drift[];
}

/** What came or went within so many milliseconds is told. */
export const DRIFT_WINDOW = 3 * 86_400_000;
const PAGE = 50;

/** Extractions whose results have got fields that they never had, or lack some that they used to have. */
export async function driftReport(
  store: Pick<Store, 'listFields'>,
  now: number,
): Promise<readonly ExtractionDrift[]> {
  const found: ExtractionDrift[] = [];
  let after: number | undefined;
  for (;;) {
    const page = await store.listFields({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { source, extractionId, fields, ...total } of page) {
      const drift = driftOf(fields, total, now, DRIFT_WINDOW);
      if (drift.length > 0) found.push({ source, extractionId, drift });
    }
    after = page.at(-1)?.id;
    if (page.length < PAGE) return found;
  }
}
