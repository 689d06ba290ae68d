import type { SightingQuery, SightingRow } from '../rows.js';
import type { Database } from './database.js';
import { filtered, whole } from './filtered.js';
import { dayOfTime, firstId } from './ids.js';

/** The ledger, read in pages. A sighting's id has the day on which it was seen, so that other days need no look. */
export class SightingLists {
  constructor(private readonly db: Database) {}

  list({ since, until, before, limit }: SightingQuery): Promise<readonly SightingRow[]> {
    const { where, values } = filtered([
      ['id < ?', before],
      ['id >= ?', since === undefined ? undefined : firstId(dayOfTime(since))],
      ['id < ?', until === undefined ? undefined : firstId(dayOfTime(until) + 1)],
      ['seen_at >= ?', since],
      ['seen_at < ?', until],
    ]);
    return this.db.query(
      {
        text: `WITH s AS MATERIALIZED (
                 SELECT * FROM sightings WHERE ${where} ORDER BY id DESC LIMIT ${whole(limit)}
               )
               SELECT s.id, s.event_id AS "eventId", w.source, s.format, e.received_at AS "receivedAt",
                      encode(s.subject, 'hex') AS subject, encode(s.digest, 'hex') AS digest
                 FROM s JOIN events e ON e.id = s.event_id JOIN webhooks w ON w.id = e.webhook_id
                ORDER BY s.id DESC`,
      },
      ...values,
    );
  }
}
