import type { Store } from '../store/store.js';
import { classOf, type Difference, type DifferenceClass } from './diff.js';
import { differencesOf } from './file-difference.js';
import type { ParityEntry } from './parity.js';

/** A line of the ledger with what the stored events tell about it. */
export interface ExplainedEntry extends ParityEntry {
  /** The name of its event; null where neither side is stored any more. */
  readonly event: string | null;
  /** How the sides differ; null where the entry is not `different`, or a side can no longer be read. */
  readonly differences: readonly Difference[] | null;
  /** The gravest difference; null where there are none to tell. */
  readonly class: DifferenceClass | null;
}

/** Looks up an entry's events. */
export async function explain(store: Pick<Store, 'getEvent'>, entry: ParityEntry): Promise<ExplainedEntry> {
  const eventOf = async (side: ParityEntry['legacy']) =>
    side === null ? null : store.getEvent(side.eventId);
  const [legacy, recent] = [await eventOf(entry.legacy), await eventOf(entry.new)];
  const differences = entry.state === 'different' ? differencesOf(entry, legacy, recent) : null;
  return {
    ...entry,
    event: (legacy ?? recent)?.event ?? null,
    differences,
    class: differences === null ? null : classOf(differences),
  };
}
