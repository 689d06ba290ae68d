import type { SendingMode } from '../../model.js';
import { float8s, int8s, texts } from './arrays.js';
import type { Session, Statement } from './database.js';
import { inOrder } from './destinations.js';
import { numberOf } from './ids.js';
import { LOCK, lockShared } from './locks.js';
import { text } from './values.js';

/** A delivery before its first attempt. */
export interface Made {
  readonly id: number;
  readonly eventId: number;
  readonly webhookId: number;
  readonly destination: string;
  readonly mode: SendingMode;
  readonly share: number;
  readonly whole: boolean;
  /** Of what goes out, in bytes, about. */
  readonly size: number;
  readonly dueAt: number;
}

const INSERT: Statement<never> = {
  name: 'insert_deliveries',
  text: `WITH made AS (
           SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::float8[],
                                $7::bigint[], $8::bigint[], $9::bigint[])
             AS made (id, event_id, webhook_id, destination, mode, share, whole, size, due_at)
         ), kept AS (
           INSERT INTO deliveries (id, event_id, destination, mode, share, created_at, replayed)
           SELECT id, event_id, destination, mode, share, $10::bigint, $11::boolean FROM made
         ), unkeyed AS (
           INSERT INTO unkeyed_deliveries (destination, position, delivery_id)
           SELECT destination, ${numberOf('webhook_id')}, id FROM made WHERE ${inOrder('destination')}
         )
         INSERT INTO outbox (delivery_id, event_id, webhook_id, destination, mode, share, whole, size, created_at, number, due_at,
                             lined)
         SELECT id, event_id, webhook_id, destination, mode, share, whole = 1, size, $10, ${numberOf('id')}, due_at,
                ${inOrder('destination')}
           FROM made`,
};

/** Puts new deliveries down, and into the outbox; those of a destination that is in order wait for their keys there. */
export function insertDeliveries(
  session: Session,
  made: readonly Made[],
  { now, replayed }: { readonly now: number; readonly replayed: boolean },
): void {
  if (made.length === 0) return;
  lockShared(session, LOCK.order);
  session.send(
    INSERT,
    int8s(made.map(({ id }) => id)),
    int8s(made.map(({ eventId }) => eventId)),
    int8s(made.map(({ webhookId }) => webhookId)),
    texts(made.map(({ destination }) => text(destination))),
    texts(made.map(({ mode }) => mode)),
    float8s(made.map(({ share }) => share)),
    int8s(made.map(({ whole }) => (whole ? 1 : 0))),
    int8s(made.map(({ size }) => size)),
    int8s(made.map(({ dueAt }) => Math.round(dueAt))),
    now,
    replayed,
  );
}
