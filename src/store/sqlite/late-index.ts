import type { Database, Statement } from './driver.js';

/**
 * An index whose keys come in random order, built late: in one go, sorted, for many rows at once, so that a page of it
 * is written once for many keys instead of once for each. Rows after `through` are not in it yet; who looks something
 * up looks at those as well.
 */
export class LateIndex {
  readonly #through: Statement<{ through: number }>;
  readonly #extend: Statement<never>;
  readonly #advance: Statement<never>;

  /** @param extend inserts the keys of the rows with `?1 < id <= ?2`, sorted, passing over those that are there. */
  constructor(
    db: Database,
    private readonly name: 'sightings_by_key' | 'events_by_message',
    extend: string,
  ) {
    this.#through = db.prepare('SELECT through FROM late_indexes WHERE name = ?');
    this.#extend = db.prepare(extend);
    this.#advance = db.prepare('UPDATE late_indexes SET through = ?2 WHERE name = ?1 AND through < ?2');
  }

  /** The last row that is in it. */
  through(): number {
    return this.#through.get(this.name)?.through ?? 0;
  }

  /** Within a transaction. */
  extend(upTo: number): void {
    this.#extend.run(this.through(), upTo);
    this.#advance.run(this.name, upTo);
  }
}
