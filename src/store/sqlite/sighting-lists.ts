import type { SightingQuery, SightingRow } from '../rows.js';
import type { Database, Statement } from './driver.js';

type Row = readonly [
  id: number,
  eventId: number,
  source: string,
  format: SightingRow['format'],
  receivedAt: number,
  subject: string,
  digest: string,
];

/** The ledger, read in pages. */
export class SightingLists {
  readonly #page: Statement<Row>;
  readonly #ends: Statement<readonly [first: number | null, last: number | null]>;
  readonly #at: Statement<readonly [id: number, seenAt: number]>;

  constructor(db: Database) {
    this.#page = db.prepareTuples(`SELECT s.id, s.event_id, w.source, s.format, e.received_at,
              lower(hex(s.subject)), lower(hex(s.digest))
         FROM sightings s CROSS JOIN events e ON e.id = s.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id
        WHERE s.id >= ? AND s.id < ? ORDER BY s.id DESC LIMIT ?`);
    // Apart, since min and max together read every row.
    this.#ends = db.prepareTuples('SELECT (SELECT min(id) FROM sightings), (SELECT max(id) FROM sightings)');
    this.#at = db.prepareTuples('SELECT id, seen_at FROM sightings WHERE id >= ? ORDER BY id LIMIT 1');
  }

  list({ since, until, before, limit }: SightingQuery): readonly SightingRow[] {
    const from = since === undefined ? 0 : this.#firstSince(since);
    const ends = [before, until === undefined ? undefined : this.#firstSince(until)];
    const to = Math.min(...ends.filter((end) => end !== undefined), Number.MAX_SAFE_INTEGER);
    return this.#page
      .all(from, to, limit)
      .map(([id, eventId, source, format, receivedAt, subject, digest]) => ({
        id,
        eventId,
        source,
        format,
        receivedAt,
        subject,
        digest,
      }));
  }

  /**
   * The first row that was seen at a time or later, in some twenty looks: rows are written in the order of time, and an
   * index on it would cost every webhook.
   */
  #firstSince(time: number): number {
    const [first, last] = this.#ends.get() ?? [];
    let low = first ?? 0;
    let high = (last ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [id, seenAt] = this.#at.get(middle) ?? [];
      if (id === undefined || seenAt === undefined || seenAt >= time) high = middle;
      else low = id + 1;
    }
    return low;
  }
}
