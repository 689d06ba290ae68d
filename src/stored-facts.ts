import { setImmediate as others } from 'node:timers/promises';
import { readLedger } from './migration/ledger.js';
import { SETTLED_AFTER, summarize } from './migration/parity-summary.js';
import type { Store } from './store/store.js';
import { MOST_COUNTED, PARITY_WINDOW, type StoredFacts } from './telemetry/stored-metrics.js';

/** For so many milliseconds what was read is shown again: however often someone asks, the store is read as rarely. */
const FRESH = 1_000;

/** Reads what the metrics tell of the store, at a cost that does not grow with what is stored. */
export function createStoredFacts(options: {
  readonly store: Pick<Store, 'waiting' | 'lastSeen' | 'listSightings' | 'destinationStates'>;
  readonly now: () => number;
}): () => Promise<StoredFacts> {
  const { store, now } = options;
  let readAt = Number.NEGATIVE_INFINITY;
  let latest: Promise<StoredFacts> | null = null;

  const read = async (): Promise<StoredFacts> => {
    const { time, sightings } = PARITY_WINDOW;
    const { entries } = await readLedger(store, { since: now() - time }, sightings);
    const { states, waiting } = summarize(entries, now() - SETTLED_AFTER);
    // Each of the two may hold this thread for 20 to 30 ms: what came meanwhile goes first.
    await others();
    const destinations = await store.destinationStates();
    return {
      waiting: await store.waiting(MOST_COUNTED),
      lastSeen: await store.lastSeen(),
      parity: { ...states, waiting },
      openBreakers: new Set(
        destinations.flatMap(({ destination, openUntil }) => (openUntil === null ? [] : destination)),
      ),
    };
  };

  return () => {
    // Also where the clock was set back.
    if (latest === null || Math.abs(now() - readAt) >= FRESH) {
      readAt = now();
      const reading = read();
      latest = reading;
      reading.catch(() => {
        if (latest === reading) latest = null;
      });
    }
    return latest;
  };
}
