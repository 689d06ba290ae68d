import type { AcceptedResult } from '../../model.js';
import { keysOf } from '../file-key.js';
import type { Database, Statement } from './driver.js';

interface Accepted {
  /** The sighting: later ones have higher numbers. */
  readonly id: number;
  readonly eventId: number;
  readonly digest: Uint8Array;
}

/**
 * The result that was accepted last for each file, whatever it is. Only asked where a source infers edits, so that it
 * reads the ledger by itself: through the late index, and after that through a map of its own.
 */
export class LatestAccepted {
  readonly #through: Statement<{ through: number }>;
  readonly #since: Statement<readonly [id: number, eventId: number, subject: Uint8Array, digest: Uint8Array]>;
  readonly #indexed: Statement<Accepted>;
  readonly #arrival: Statement<{ arrivedAt: number }>;
  readonly #recent = new Map<string, Accepted>();
  #start = 0;
  #last = 0;

  constructor(db: Database) {
    this.#through = db.prepare("SELECT through FROM late_indexes WHERE name = 'sightings_by_key'");
    this.#since = db.prepareTuples(
      'SELECT id, event_id, subject, digest FROM sightings WHERE id > ? AND accepted = 1 ORDER BY id',
    );
    // The key starts with three bytes of the subject: a file in some millions shares them with another one.
    this.#indexed = db.prepare(
      `SELECT s.id, s.event_id AS eventId, s.digest FROM sightings_by_key k CROSS JOIN sightings s ON s.id = k.sighting_id
        WHERE k.key >= ? AND k.key < ? AND s.subject = ? ORDER BY s.id DESC LIMIT 1`,
    );
    this.#arrival = db.prepare('SELECT received_at AS arrivedAt FROM events WHERE id = ?');
  }

  find(files: readonly (readonly Uint8Array[])[]): readonly (AcceptedResult | null)[] {
    this.#catchUp();
    return files.map((subjects) => {
      let latest: (Accepted & { readonly subject: number }) | null = null;
      for (const [subject, bytes] of subjects.entries()) {
        const accepted = this.#latestOf(bytes);
        if (accepted && (latest === null || accepted.id > latest.id)) latest = { subject, ...accepted };
      }
      if (latest === null) return null;
      const { subject, digest, eventId } = latest;
      return { subject, digest, arrivedAt: this.#arrival.get(eventId)?.arrivedAt ?? null };
    });
  }

  /** Something was undone that may have been read. */
  forget(): void {
    this.#recent.clear();
    this.#start = 0;
    this.#last = 0;
  }

  #catchUp(): void {
    const through = this.#through.get()?.through ?? 0;
    if (through !== this.#start) {
      this.#recent.clear();
      this.#start = through;
      this.#last = through;
    }
    for (const [id, eventId, subject, digest] of this.#since.iterate(this.#last)) {
      this.#recent.set(nameOf(subject), { id, eventId, digest });
      this.#last = id;
    }
  }

  #latestOf(subject: Uint8Array): Accepted | undefined {
    const recent = this.#recent.get(nameOf(subject));
    if (recent) return recent;
    const { first, end } = keysOf(subject);
    return this.#indexed.get(first, end, subject);
  }
}

const nameOf = (subject: Uint8Array): string =>
  Buffer.from(subject.buffer, subject.byteOffset, subject.length).toString('latin1');
