import type { SightingRow, Store } from '../store/store.js';
import { type ParityEntry, parityEntries, type Sighting, seenAt } from './parity.js';
import { SETTLED_AFTER } from './parity-summary.js';

export interface Period {
  /** Inclusive, in ms. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
}

export interface Ledger {
  /** Oldest first. */
  readonly entries: readonly ParityEntry[];
  /** Where there was more than is held in memory: the time since which it is complete; else null. */
  readonly cutBefore: number | null;
}

/** About half a kilobyte each, all in memory. */
export const MOST_SIGHTINGS = 1_000_000;
const PAGE = 10_000;
/** Milliseconds: a file of the period is paired with what the other format brought so long before or after it. */
const MARGIN = 3_600_000;

/**
 * The entries whose first format brought them within a period, by the webhook's arrival. Of more than `most` sightings
 * the newest are read.
 */
export async function readLedger(
  store: Pick<Store, 'listSightings'>,
  { since, until }: Period,
  most: number = MOST_SIGHTINGS,
): Promise<Ledger> {
  const wide = {
    ...(since === undefined ? {} : { since: since - MARGIN }),
    ...(until === undefined ? {} : { until: until + MARGIN }),
  };
  const sightings: Sighting[] = [];
  let page: { readonly before?: number } = {};
  let cutBefore: number | null = null;
  for (;;) {
    const rows = await store.listSightings({
      ...wide,
      ...page,
      limit: Math.min(PAGE, most + 1 - sightings.length),
    });
    const last = rows.at(-1);
    if (last === undefined) break;
    for (const row of rows) sightings.push(sightingOf(row));
    page = { before: last.id };
    if (sightings.length > most) {
      const cutAt = sightings.pop()?.firstAt;
      // What came just before and was cut off may have been the other half of what came just after.
      cutBefore = cutAt === undefined ? null : cutAt + SETTLED_AFTER;
      break;
    }
  }
  const from = Math.max(since ?? Number.NEGATIVE_INFINITY, cutBefore ?? Number.NEGATIVE_INFINITY);
  const isWithin = (entry: ParityEntry): boolean =>
    seenAt(entry) >= from && (until === undefined || seenAt(entry) < until);
  return { entries: parityEntries(sightings).filter(isWithin), cutBefore };
}

const sightingOf = ({ source, format, eventId, receivedAt, subject, digest }: SightingRow): Sighting => ({
  source,
  format,
  eventId,
  subject: hex(subject),
  digest: hex(digest),
  firstAt: receivedAt,
  lastAt: receivedAt,
  count: 1,
});

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
