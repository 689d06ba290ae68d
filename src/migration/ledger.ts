import type { SightingRow } from '../store/rows.js';
import type { Store } from '../store/store.js';
import { byTime, entriesOfSubject, type ParityEntry, type Sighting, seenAt } from './parity.js';
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

/** All of it is held in memory: measured, this many take 0.5 GB and 7 s. */
const MOST_SIGHTINGS = 1_000_000;
const PAGE = 10_000;
/** Milliseconds: a file of the period is paired with what the other format brought so long before or after it. */
const MARGIN = 3_600_000;

/**
 * The entries that each of their formats brought since the start of a period, be it once more, and the first of them
 * before its end, by the webhook's arrival. Of more than `most` sightings the newest are read.
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
  const subjects = new Subjects();
  let cutBefore: number | null = null;
  let left = most;
  let page: { readonly before?: number } = {};
  for (;;) {
    // One more than can be held tells that there is more.
    const rows = await store.listSightings({ ...wide, ...page, limit: Math.min(PAGE, left + 1) });
    const last = rows.at(-1);
    if (last === undefined) break;
    for (const row of rows.slice(0, left)) subjects.add(row);
    if (rows.length > left) {
      // What came just before and was cut off may have been the other half of what came just after.
      cutBefore = last.receivedAt + SETTLED_AFTER;
      break;
    }
    left -= rows.length;
    page = { before: last.id };
  }
  const from = Math.max(since ?? Number.NEGATIVE_INFINITY, cutBefore ?? Number.NEGATIVE_INFINITY);
  const isWithin = (entry: ParityEntry): boolean =>
    [entry.legacy, entry.new].every((side) => side === null || side.lastAt >= from) &&
    (until === undefined || seenAt(entry) < until);
  return { entries: subjects.takeEntries().filter(isWithin).sort(byTime), cutBefore };
}

/** Sightings by source and subject, in as little memory as they need: a text that comes again is held once. */
class Subjects {
  readonly #sources = new Map<string, Map<string, Sighting[]>>();

  add({ source, format, eventId, receivedAt, subject, digest }: SightingRow): void {
    const subjects = this.#sources.get(source) ?? new Map<string, Sighting[]>();
    this.#sources.set(source, subjects);
    const group = subjects.get(subject);
    const [first] = group ?? [];
    const sighting: Sighting = {
      source: first?.source ?? source,
      subject: first?.subject ?? subject,
      digest: first?.digest === digest ? first.digest : digest,
      format,
      eventId,
      at: receivedAt,
    };
    // Most come twice; `push` makes room for seventeen.
    if (group === undefined) subjects.set(subject, [sighting]);
    else if (first !== undefined && group.length === 1) subjects.set(first.subject, [first, sighting]);
    else group.push(sighting);
  }

  /** Gives up what it holds as it goes. */
  takeEntries(): ParityEntry[] {
    const entries: ParityEntry[] = [];
    for (const subjects of this.#sources.values()) {
      for (const [subject, group] of subjects) {
        subjects.delete(subject);
        for (const entry of entriesOfSubject(group)) entries.push(entry);
      }
    }
    return entries;
  }
}
