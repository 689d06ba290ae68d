import type { FileIdentity, Format } from '../../model.js';
import { type Acceptance, repeatOf } from '../conversion-rules.js';
import { keyOf, nameOf, spreadOf } from '../file-key.js';
import { byteas, int8s, texts } from './arrays.js';
import type { Session, Statement } from './database.js';
import { dayOfTime, firstId, nextIdOfTime } from './ids.js';
import { lockFiles } from './locks.js';

interface Row extends FileIdentity {
  readonly eventId: number;
  readonly seenAt: number;
}

/** A sighting's id has the day on which it was seen: older days need no look. */
const LOOK: Statement<Row> = {
  name: 'look_for_files',
  text: `SELECT event_id AS "eventId", seen_at AS "seenAt", subject, digest FROM sightings
          WHERE accepted AND key = ANY ($1) AND id >= $2 ORDER BY id`,
};

/** Their ids are given while the locks on the files are held: of one file, the later one has the higher. */
const INSERT: Statement<never> = {
  name: 'insert_sightings',
  text: `INSERT INTO sightings (id, event_id, seen_at, format, accepted, key, subject, digest)
         SELECT ${nextIdOfTime('$1::bigint', 'sightings_id')}, event_id, $1, format, accepted = 1, key, subject, digest
           FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[])
             AS given (event_id, format, accepted, key, subject, digest)`,
};

interface Sighting extends FileIdentity {
  readonly eventId: number;
  readonly format: Format;
  readonly accepted: boolean;
}

/** The ledger of what was seen, as one transaction knows it: it holds the locks on the files that it looked for. */
export class Sightings {
  readonly #accepted = new Map<string, Acceptance>();
  readonly #rows: Sighting[] = [];

  private constructor(private readonly now: number) {}

  /**
   * @param since the earliest acceptance that matters; null where none does
   * @param subjects of files of which it matters what else is accepted: who else says so of them waits
   */
  static async look(
    session: Session,
    files: readonly FileIdentity[],
    since: number | null,
    now: number,
    subjects: readonly Uint8Array[],
  ): Promise<Sightings> {
    const found = new Sightings(now);
    if (files.length === 0) return found;
    const keys = [...new Set(files.map(keyOf))];
    lockFiles(session, [...keys, ...subjects.map(spreadOf)]);
    if (since === null) return found;
    const rows = await session.query(LOOK, int8s(keys), firstId(dayOfTime(since)));
    for (const row of rows) found.#accepted.set(nameOf(row), { eventId: row.eventId, at: row.seenAt });
    return found;
  }

  /** See `repeatOf`. */
  repeats(files: readonly FileIdentity[], since: number): number | null {
    return repeatOf(files, since, (file) => this.#accepted.get(nameOf(file)) ?? null);
  }

  /** Notes an event's files; `write` puts them down. */
  add(files: readonly FileIdentity[], seen: Omit<Sighting, keyof FileIdentity>): void {
    for (const file of files) {
      this.#rows.push({ ...seen, subject: file.subject, digest: file.digest });
      if (seen.accepted) this.#accepted.set(nameOf(file), { eventId: seen.eventId, at: this.now });
    }
  }

  write(session: Session): void {
    const rows = this.#rows;
    if (rows.length === 0) return;
    session.send(
      INSERT,
      this.now,
      int8s(rows.map(({ eventId }) => eventId)),
      texts(rows.map(({ format }) => format)),
      int8s(rows.map(({ accepted }) => (accepted ? 1 : 0))),
      int8s(rows.map(keyOf)),
      byteas(rows.map(({ subject }) => subject)),
      byteas(rows.map(({ digest }) => digest)),
    );
  }
}
