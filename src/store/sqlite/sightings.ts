import type { FileIdentity, Format } from '../../model.js';
import type { Database, Statement, Value } from './driver.js';
import { LateIndex } from './late-index.js';
import { Insert } from './values.js';

/** When a file was accepted last, and in which event. */
interface Acceptance {
  readonly eventId: number;
  readonly at: number;
}

/** How many files are kept in memory (about 12 MB) until the index on disk takes them in. */
const RECENT = 65_536;

/**
 * The ledger of what was seen: a row for each file of each event. To find a file by its identity there is an index for
 * the older rows (see `LateIndex`) and a map in memory for those after it.
 */
export class Sightings {
  readonly #insert: Insert;
  readonly #index: LateIndex;
  readonly #since: Statement<{
    id: number;
    event_id: number;
    seen_at: number;
    subject: Uint8Array;
    digest: Uint8Array;
  }>;
  readonly #indexed: Statement<{ event_id: number; seen_at: number }>;
  readonly #recent = new Map<string, Acceptance>();
  /** The last row that was read or written; null: nothing is known yet. */
  #last: number | null = null;
  #through = 0;
  #rows: Value[] = [];

  constructor(db: Database) {
    this.#insert = new Insert(db, 'sightings', [
      'event_id',
      'seen_at',
      'format',
      'accepted',
      'subject',
      'digest',
    ]);
    this.#index = new LateIndex(
      db,
      'sightings_by_file',
      `INSERT OR IGNORE INTO sightings_by_file
       SELECT substr(subject, 1, 4), substr(digest, 1, 4), id FROM sightings
        WHERE id > ?1 AND id <= ?2 AND accepted = 1 ORDER BY 1, 2, 3`,
    );
    this.#since = db.prepare(
      'SELECT id, event_id, seen_at, subject, digest FROM sightings WHERE id > ? AND accepted = 1 ORDER BY id',
    );
    this.#indexed = db.prepare(
      `SELECT s.event_id, s.seen_at
         FROM sightings_by_file f CROSS JOIN sightings s ON s.id = f.sighting_id
        WHERE f.subject = ?1 AND f.digest = ?2 AND s.subject = ?3 AND s.digest = ?4
        ORDER BY f.sighting_id DESC LIMIT 1`,
    );
  }

  /** Reads what other processes wrote since; after `forget`, all that the index does not have. */
  refresh(): void {
    if (this.#last === null) {
      this.#through = this.#index.through();
      this.#last = this.#through;
    }
    for (const row of this.#since.iterate(this.#last)) {
      this.#recent.set(keyOf(row), { eventId: row.event_id, at: row.seen_at });
      this.#last = row.id;
    }
  }

  /** Something was undone: the rows on disk are the truth. */
  forget(): void {
    this.#recent.clear();
    this.#rows = [];
    this.#last = null;
  }

  /** @returns the first event to accept one of these files, where all of them were accepted since; else null. */
  repeats(files: readonly FileIdentity[], since: number): number | null {
    let first: number | null = null;
    for (const file of files) {
      const accepted = this.#accepted(file);
      if (accepted === null || accepted.at < since) return null;
      if (first === null || accepted.eventId < first) first = accepted.eventId;
    }
    return first;
  }

  #accepted(file: FileIdentity): Acceptance | null {
    const recent = this.#recent.get(keyOf(file));
    if (recent) return recent;
    const { subject, digest } = file;
    const row = this.#indexed.get(subject.subarray(0, 4), digest.subarray(0, 4), subject, digest);
    return row ? { eventId: row.event_id, at: row.seen_at } : null;
  }

  /** Notes an event's files; `write` puts them down. */
  add(
    files: readonly FileIdentity[],
    seen: {
      readonly eventId: number;
      readonly at: number;
      readonly format: Format;
      readonly accepted: boolean;
    },
  ): void {
    for (const file of files) {
      this.#rows.push(seen.eventId, seen.at, seen.format, seen.accepted ? 1 : 0, file.subject, file.digest);
      if (seen.accepted) this.#recent.set(keyOf(file), { eventId: seen.eventId, at: seen.at });
    }
  }

  write(): void {
    if (this.#rows.length === 0) return;
    this.#last = this.#insert.run(this.#rows);
    this.#rows = [];
    if (this.#last - this.#through < RECENT) return;
    this.#index.extend(this.#last);
    this.#through = this.#last;
    this.#recent.clear();
  }
}

/** 128 of the 384 bits of two hashes: enough to leave no room for chance. */
const keyOf = ({ subject, digest }: FileIdentity): string => latin1(subject) + latin1(digest);

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, 8).toString('latin1');
