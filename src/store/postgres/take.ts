import type { Conversion, Format } from '../../model.js';
import { int8s } from './arrays.js';
import type { Session, Statement } from './database.js';

/** What is known of a webhook that is converted now. */
export interface Waiting {
  readonly webhookId: number;
  readonly source: string;
  readonly format: Format;
  readonly receivedAt: number;
  readonly size: number;
}

/** What one transaction may work with. */
export interface Taken {
  /** The webhooks of the batch that may be converted. */
  readonly waiting: Map<number, Waiting>;
  /** Numbers that nobody else has, growing: enough for all that may be made. */
  readonly events: readonly number[];
  readonly deliveries: readonly number[];
}

const COLUMNS = 'webhook_id AS "webhookId", source, format, received_at AS "receivedAt", size';

/** Whoever takes a webhook out has it: another transaction waits for this one, and then finds it gone. */
const TAKE: Statement<Waiting> = {
  name: 'take_webhooks',
  text: `WITH received AS (
           DELETE FROM inbox WHERE webhook_id = ANY ($1) RETURNING webhook_id, source, format, received_at, size
         ), quarantined AS (
           DELETE FROM quarantine WHERE webhook_id = ANY ($1) AND state = 'quarantined'
           RETURNING webhook_id, source, format, received_at, size
         )
         SELECT ${COLUMNS} FROM received UNION ALL SELECT ${COLUMNS} FROM quarantined`,
};

/** The same, of which some may have to stay where they are: see `leave`. */
const HOLD: Statement<Waiting> = {
  name: 'hold_webhooks',
  text: `WITH received AS (
           SELECT ${COLUMNS} FROM inbox WHERE webhook_id = ANY ($1) FOR UPDATE
         ), quarantined AS (
           SELECT ${COLUMNS} FROM quarantine WHERE webhook_id = ANY ($1) AND state = 'quarantined' FOR UPDATE
         )
         SELECT * FROM received UNION ALL SELECT * FROM quarantined`,
};

const LEAVE: Statement<never> = {
  name: 'leave_webhooks',
  text: `WITH received AS (DELETE FROM inbox WHERE webhook_id = ANY ($1))
         DELETE FROM quarantine WHERE webhook_id = ANY ($1) AND state = 'quarantined'`,
};

const NUMBERS: Statement<{ events: readonly number[]; deliveries: readonly number[] }> = {
  name: 'take_numbers',
  text: `SELECT ARRAY(SELECT nextval('events_id') FROM generate_series(1, $1::bigint)) AS events,
                ARRAY(SELECT nextval('deliveries_id') FROM generate_series(1, $2::bigint)) AS deliveries`,
};

/**
 * Takes the webhooks out of inbox and quarantine, and numbers for what is made of them.
 *
 * @param stay they are not taken out yet, only kept from others: `leave` does it
 */
export async function take(session: Session, batch: readonly Conversion[], stay: boolean): Promise<Taken> {
  const events = batch.flatMap((conversion) => (conversion.outcome === 'converted' ? conversion.events : []));
  const deliveries = events.reduce((sum, { destinations }) => sum + destinations.length, 0);
  const [rows, numbers] = await Promise.all([
    session.query(stay ? HOLD : TAKE, int8s(batch.map(({ webhookId }) => webhookId))),
    session.query(NUMBERS, events.length, deliveries),
  ]);
  return {
    waiting: new Map(rows.map((row) => [row.webhookId, row])),
    events: numbers[0]?.events ?? [],
    deliveries: numbers[0]?.deliveries ?? [],
  };
}

/** Takes out those of a batch that did not have to stay. */
export const leave = (session: Session, ids: readonly number[]): void => session.send(LEAVE, int8s(ids));
