import type { FileIdentity, Format } from '../../model.js';
import { type Acceptance, repeatOf } from '../conversion-rules.js';
import { keyOf, nameOf } from '../file-key.js';
import type { Database, Statement, Value } from './driver.js';
import { LateIndex } from './late-index.js';
import { Insert } from './values.js';

type Row = readonly [id: number, eventId: number, seenAt: number, subject: Uint8Array, digest: Uint8Array];

/**
 * The ledger of what was seen: a row for each file of each event. To find a file by its identity there is an index for
 * the older rows (see `LateIndex`) and a map in memory for those after it, of about 6 MB at most.
 */
export class Sightings {
  readonly #insert: Insert;
  readonly #index: LateIndex;
  readonly #since: Statement<Row>;
  readonly #indexedKeys: Statement<readonly [key: number]>;
  readonly #indexed: Statement<readonly [eventId: number, seenAt: number]>;
  readonly #recent = new Map<string, Acceptance>();
  /** Keys that the index knows, of the files that were looked up together. */
  #known: ReadonlySet<number> = new Set();
  /** The last row that was read or written; null: nothing is known yet. */
  #last: number | null = null;
  #rows: Value[] = [];

  constructor(db: Database) {
    this.#insert = new Insert(db, 'sightings', [
      'event_id',
      'seen_at',
      'format',
      'accepted',
      'key',
      'subject',
      'digest',
    ]);
    this.#index = new LateIndex(
      db,
      'sightings_by_key',
      `INSERT OR IGNORE INTO sightings_by_key
       SELECT key, id FROM sightings WHERE id > ?1 AND id <= ?2 AND accepted = 1 ORDER BY key, id`,
    );
    this.#since = db.prepareTuples(
      'SELECT id, event_id, seen_at, subject, digest FROM sightings WHERE id > ? AND accepted = 1 ORDER BY id',
    );
    this.#indexedKeys = db.prepareTuples(
      'SELECT k.key FROM json_each(?) j CROSS JOIN sightings_by_key k ON k.key = j.value',
    );
    this.#indexed =
      db.prepareTuples(`SELECT s.event_id, s.seen_at FROM sightings_by_key k CROSS JOIN sightings s ON s.id = k.sighting_id
        WHERE k.key = ? AND s.subject = ? AND s.digest = ? ORDER BY k.sighting_id DESC LIMIT 1`);
  }

  /** Before `repeats`: looks these files up together, most of which are new, and reads what other processes wrote. */
  look(files: readonly FileIdentity[]): void {
    this.#last ??= this.#index.through();
    for (const [id, eventId, at, subject, digest] of this.#since.iterate(this.#last)) {
      this.#recent.set(nameOf({ subject, digest }), { eventId, at });
      this.#last = id;
    }
    this.#known = new Set(this.#indexedKeys.all(JSON.stringify(files.map(keyOf))).map(([key]) => key));
  }

  /** Something was undone: the rows on disk are the truth. */
  forget(): void {
    this.#recent.clear();
    this.#rows = [];
    this.#last = null;
  }

  /** See `repeatOf`. */
  repeats(files: readonly FileIdentity[], since: number): number | null {
    return repeatOf(files, since, this.#accepted);
  }

  readonly #accepted = (file: FileIdentity): Acceptance | null => {
    const recent = this.#recent.get(nameOf(file));
    if (recent) return recent;
    const key = keyOf(file);
    const row = this.#known.has(key) ? this.#indexed.get(key, file.subject, file.digest) : undefined;
    return row ? { eventId: row[0], at: row[1] } : null;
  };

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
    const { eventId, at, format, accepted } = seen;
    for (const file of files) {
      this.#rows.push(eventId, at, format, accepted ? 1 : 0, keyOf(file), file.subject, file.digest);
      if (accepted) this.#recent.set(nameOf(file), { eventId, at });
    }
  }

  write(): void {
    if (this.#rows.length === 0) return;
    this.#last = this.#insert.run(this.#rows);
    this.#rows = [];
    if (this.#index.extendWhenDue(this.#last)) this.#recent.clear();
  }
}
