/** A place in the order of the outbox: by due_at, then by number. */
export interface Place {
  readonly dueAt: number;
  readonly number: number;
}

/** Before all that there is. */
export const START: Place = { dueAt: 0, number: 0 };

/** Milliseconds: what others put before a frontier is found after so long. */
const LONGEST = 1_000;

/**
 * How far the backlog of each destination has been claimed. An index keeps what was claimed until a vacuum comes by, and
 * each claim from the start on passes over all of it: a little more each time, and far more while a long transaction,
 * such as a backup's, lets no vacuum take anything away. So where a claim was full, the next one begins where it ended.
 * What this instance itself puts before that resets it; for what others do, a claim begins at the start once a second.
 */
export class Frontiers {
  readonly #known = new Map<string, { readonly place: Place; readonly since: number }>();
  /** The claims under way, each with the earliest of what was made due meanwhile: it may have missed that. */
  readonly #running = new Set<{ missed: number }>();

  /**
   * Runs a claim from the frontier on, and remembers how far it came.
   *
   * @param run what it claims from a place on; `full` where more may be due behind `end`
   */
  async claim<T extends { readonly full: boolean; readonly end: Place }>(
    destination: string,
    now: number,
    run: (from: Place) => Promise<T>,
  ): Promise<T> {
    const known = this.#known.get(destination);
    const current = known !== undefined && Math.abs(now - known.since) < LONGEST ? known : null;
    const claim = { missed: Number.POSITIVE_INFINITY };
    this.#running.add(claim);
    const done = await run(current?.place ?? START).finally(() => this.#running.delete(claim));
    if (done.full && claim.missed > done.end.dueAt) {
      this.#known.set(destination, { place: done.end, since: current?.since ?? now });
    } else {
      this.#known.delete(destination);
    }
    return done;
  }

  /** Something was made due at this time, or at any. */
  reset(dueAt = 0): void {
    for (const claim of this.#running) claim.missed = Math.min(claim.missed, dueAt);
    for (const [destination, { place }] of this.#known) {
      if (place.dueAt >= dueAt) this.#known.delete(destination);
    }
  }
}
