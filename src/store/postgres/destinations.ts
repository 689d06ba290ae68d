import type { OrderedBy, PauseReason } from '../../model.js';
import { cut, MAX_ERROR } from '../bounds.js';
import { FREE, type Holds } from '../claim-rules.js';
import type { DestinationState, DestinationVerbs } from '../destination-verbs.js';
import type { Database, Session, Statement } from './database.js';
import { fromOptionalText, fromText, optionalText, text } from './values.js';

/** As SQL: that a destination is in order. */
export const inOrder = (name: string): string =>
  `EXISTS (SELECT 1 FROM destinations WHERE name = ${name} AND ordered IS NOT NULL)`;

/** As SQL: that nothing holds or orders the destination $2. It is told once for the statement. */
export const HOLDS_NOTHING = `NOT EXISTS (
  SELECT 1 FROM destinations
   WHERE name = $2 AND (paused_at IS NOT NULL OR open_until IS NOT NULL OR ordered IS NOT NULL))`;

interface HoldsRow {
  readonly pausedAt: number | null;
  readonly openUntil: number | null;
  readonly rateAt: number | null;
  readonly ordered: OrderedBy | null;
}

const HOLDS = 'paused_at AS "pausedAt", open_until AS "openUntil", rate_at AS "rateAt", ordered';

const LOOK: Statement<HoldsRow & { due: boolean }> = {
  name: 'look_at_destination',
  text: `SELECT EXISTS (SELECT 1 FROM outbox WHERE destination = $1 AND state = 'pending' AND due_at <= $2) AS due, ${HOLDS}
           FROM (SELECT 1) one LEFT JOIN destinations ON name = $1`,
};

const LOCK: Statement<HoldsRow> = {
  name: 'lock_destination',
  text: `SELECT ${HOLDS} FROM destinations WHERE name = $1 FOR NO KEY UPDATE`,
};

const MAKE: Statement<never> = {
  name: 'make_destination',
  text: 'INSERT INTO destinations (name) VALUES ($1) ON CONFLICT DO NOTHING',
};

const PAUSE: Statement<unknown> = {
  name: 'pause_destination',
  text: `INSERT INTO destinations AS d (name, paused_at, pause_reason, pause_note) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET paused_at = excluded.paused_at, pause_reason = excluded.pause_reason,
           pause_note = excluded.pause_note WHERE d.paused_at IS NULL
         RETURNING 1`,
};

const RESUME: Statement<unknown> = {
  name: 'resume_destination',
  text: `UPDATE destinations SET paused_at = NULL, pause_reason = NULL, pause_note = NULL,
                open_until = CASE WHEN open_until > $2 THEN $2 ELSE open_until END
          WHERE name = $1 AND (paused_at IS NOT NULL OR open_until IS NOT NULL)
         RETURNING 1`,
};

const OPEN: Statement<never> = {
  name: 'open_breaker',
  text: `INSERT INTO destinations (name, open_until, open_reason) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET open_until = excluded.open_until, open_reason = excluded.open_reason`,
};

const CLOSE: Statement<unknown> = {
  name: 'close_breaker',
  text: `UPDATE destinations SET open_until = NULL, open_reason = NULL
          WHERE name = $1 AND open_until IS NOT NULL RETURNING 1`,
};

const CLAIMED: Statement<never> = {
  name: 'note_claim',
  text: `UPDATE destinations SET rate_at = coalesce($2, rate_at), open_until = coalesce($3, open_until) WHERE name = $1`,
};

const SET_ORDER: Statement<never> = {
  name: 'set_order',
  text: 'UPDATE destinations SET ordered = $2 WHERE name = $1',
};

const STATES: Statement<{
  destination: string;
  pausedAt: number | null;
  pauseReason: PauseReason | null;
  pauseNote: string | null;
  openUntil: number | null;
  openReason: string | null;
}> = {
  name: 'destination_states',
  text: `SELECT name AS destination, paused_at AS "pausedAt", pause_reason AS "pauseReason", pause_note AS "pauseNote",
                open_until AS "openUntil", open_reason AS "openReason"
           FROM destinations ORDER BY name`,
};

/** What holds and limits destinations: a row each, which is there once there is something to say. */
export class Destinations {
  constructor(private readonly db: Database) {}

  /** Without a lock: nobody waits for it, and it may have changed since. */
  async look(destination: string, now: number): Promise<{ readonly due: boolean; readonly holds: Holds }> {
    const [row] = await this.db.query(LOOK, text(destination), now);
    return { due: row?.due ?? false, holds: holdsOf(row) };
  }

  /** Until the end of the transaction nobody else changes them, nor has anyone else this lock. */
  async lock(session: Session, destination: string): Promise<Holds> {
    const [row] = await session.query(LOCK, text(destination));
    if (row !== undefined) return holdsOf(row);
    session.send(MAKE, text(destination));
    return holdsOf((await session.query(LOCK, text(destination)))[0]);
  }

  /** The same for who has nothing to say about it, where it has a row. */
  async lockIfThere(session: Session, destination: string): Promise<void> {
    await session.query(LOCK, text(destination));
  }

  async pause({ destination, reason, note, now }: Parameters<DestinationVerbs['pauseDestination']>[0]) {
    const kept = optionalText(note === null ? null : cut(note, MAX_ERROR));
    return (await this.db.query(PAUSE, text(destination), now, reason, kept)).length > 0;
  }

  async resume(session: Session, destination: string, now: number): Promise<boolean> {
    return (await session.query(RESUME, text(destination), now)).length > 0;
  }

  async open({ destination, until, reason }: Parameters<DestinationVerbs['openBreaker']>[0]) {
    await this.db.query(OPEN, text(destination), Math.round(until), text(cut(reason, MAX_ERROR)));
  }

  async close(destination: string): Promise<boolean> {
    return (await this.db.query(CLOSE, text(destination))).length > 0;
  }

  /** What a claim changes, of what is not null. @param openUntil while a probe is under way */
  noteClaim(session: Session, destination: string, rateAt: number | null, openUntil: number | null): void {
    session.send(CLAIMED, text(destination), rateAt, openUntil);
  }

  setOrder(session: Session, destination: string, by: OrderedBy | null): void {
    session.send(SET_ORDER, text(destination), by);
  }

  async states(): Promise<readonly DestinationState[]> {
    return (await this.db.query(STATES)).map((row) => ({
      destination: fromText(row.destination),
      paused:
        row.pausedAt === null || row.pauseReason === null
          ? null
          : { at: row.pausedAt, reason: row.pauseReason, note: fromOptionalText(row.pauseNote) },
      openUntil: row.openUntil,
      openReason: fromOptionalText(row.openReason),
    }));
  }
}

const holdsOf = (row: HoldsRow | undefined): Holds =>
  row === undefined ? FREE : [row.pausedAt, row.openUntil, row.rateAt, row.ordered];
