import type { OrderedBy, PauseReason } from '../../model.js';
import { cut, MAX_ERROR } from '../bounds.js';
import { FREE, type Holds } from '../claim-rules.js';
import type { DestinationState, DestinationVerbs } from '../destination-verbs.js';
import type { Database, Statement } from './driver.js';
import { fromOptionalText, optionalText, type Text, text } from './values.js';

interface Row {
  readonly name: string;
  readonly paused_at: number | null;
  readonly pause_reason: PauseReason | null;
  readonly pause_note: Text | null;
  readonly open_until: number | null;
  readonly open_reason: Text | null;
}

/** What holds and limits destinations: a row each, read by its key at each claim and written when it changes. */
export class Destinations {
  readonly #holds: Statement<Holds>;
  readonly #pause: Statement<never>;
  readonly #resume: Statement<never>;
  readonly #open: Statement<never>;
  readonly #close: Statement<never>;
  readonly #extend: Statement<never>;
  readonly #setRate: Statement<never>;
  readonly #setOrder: Statement<never>;

  constructor(private readonly db: Database) {
    this.#holds = db.prepareTuples(
      'SELECT paused_at, open_until, rate_at, ordered FROM destinations WHERE name = ?',
    );
    this.#pause = db.prepare(
      `INSERT INTO destinations (name, paused_at, pause_reason, pause_note) VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET paused_at = excluded.paused_at, pause_reason = excluded.pause_reason,
         pause_note = excluded.pause_note WHERE paused_at IS NULL`,
    );
    this.#resume = db.prepare(
      `UPDATE destinations SET paused_at = NULL, pause_reason = NULL, pause_note = NULL, open_until = min(open_until, ?)
        WHERE name = ? AND (paused_at IS NOT NULL OR open_until IS NOT NULL)`,
    );
    this.#open = db.prepare(
      `INSERT INTO destinations (name, open_until, open_reason) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET open_until = excluded.open_until, open_reason = excluded.open_reason`,
    );
    this.#close = db.prepare(
      'UPDATE destinations SET open_until = NULL, open_reason = NULL WHERE name = ? AND open_until IS NOT NULL',
    );
    this.#extend = db.prepare('UPDATE destinations SET open_until = ? WHERE name = ?');
    this.#setRate = db.prepare(
      'INSERT INTO destinations (name, rate_at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET rate_at = excluded.rate_at',
    );
    this.#setOrder = db.prepare(
      'INSERT INTO destinations (name, ordered) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ordered = excluded.ordered',
    );
  }

  holds(destination: string): Holds {
    return this.#holds.get(destination) ?? FREE;
  }

  pause({ destination, reason, note, now }: Parameters<DestinationVerbs['pauseDestination']>[0]): boolean {
    const kept = optionalText(note === null ? null : cut(note, MAX_ERROR));
    return Number(this.#pause.run(destination, now, reason, kept).changes) > 0;
  }

  resume(destination: string, now: number): boolean {
    return Number(this.#resume.run(now, destination).changes) > 0;
  }

  open({ destination, until, reason }: Parameters<DestinationVerbs['openBreaker']>[0]): void {
    this.#open.run(destination, Math.round(until), text(cut(reason, MAX_ERROR)));
  }

  close(destination: string): boolean {
    return Number(this.#close.run(destination).changes) > 0;
  }

  /** While a probe is under way. */
  keepOpen(destination: string, until: number): void {
    this.#extend.run(until, destination);
  }

  setRate(destination: string, dueAt: number): void {
    this.#setRate.run(destination, dueAt);
  }

  setOrder(destination: string, by: OrderedBy | null): void {
    this.#setOrder.run(destination, by);
  }

  states(): readonly DestinationState[] {
    return this.db.query<Row>('SELECT * FROM destinations ORDER BY name').map((row) => ({
      destination: row.name,
      paused:
        row.paused_at === null || row.pause_reason === null
          ? null
          : { at: row.paused_at, reason: row.pause_reason, note: fromOptionalText(row.pause_note) },
      openUntil: row.open_until,
      openReason: fromOptionalText(row.open_reason),
    }));
  }
}
