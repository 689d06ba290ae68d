import type { Database, Statement } from './driver.js';

/**
 * Rows that an index is behind before it takes them in. Up to a million rows nearly every page of it is written then,
 * some 4,000, which takes about a tenth of a second; above that it takes fewer rows at a time, so that it stays so. Twice
 * as many took as much CPU, and twice the memory: who looks something up holds these rows.
 */
const BEHIND = { small: 32_768, large: 8192, largeFrom: 1_000_000 };

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
    this.#advance = db.prepare('UPDATE late_indexes SET through = ? WHERE name = ?');
  }

  /** The last row that is in it. */
  through(): number {
    return this.#through.get(this.name)?.through ?? 0;
  }

  /** Within a transaction. @param last the newest row. @returns whether all rows are in it now. */
  extendWhenDue(last: number): boolean {
    const through = this.through();
    if (last - through < (through < BEHIND.largeFrom ? BEHIND.small : BEHIND.large)) return false;
    this.#extend.run(through, last);
    this.#advance.run(last, this.name);
    return true;
  }
}
