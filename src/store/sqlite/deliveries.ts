import type { Attempt, ClaimedDelivery, Format, SendingMode, Settlement } from '../../model.js';
import { cut, MAX_ERROR, MAX_RESPONSE } from '../bounds.js';
import type { Bodies } from './bodies.js';
import type { Database, Statement, Value } from './driver.js';
import { fromText, Insert, optionalText, type Text, text } from './values.js';

type Row = readonly [
  id: number,
  fence: number,
  mode: SendingMode,
  share: number,
  whole: number,
  attempts: number,
  eventId: number,
  receivedAt: number,
  event: Text,
  messageId: Text,
  hasBody: number,
  several: number,
  plain: number,
  webhookId: number,
  source: string,
  format: Format,
  signature: Text,
  afterDead: number | null,
];

const DUE = "d.destination = ? AND d.state = 'pending' AND d.due_at <= ?";

/** The events of a webhook are made together. Of one whose text is carried over there is one. */
const SEVERAL = `d.whole AND e.body IS NOT NULL AND EXISTS (
                SELECT 1 FROM events s WHERE s.id IN (e.id - 1, e.id + 1) AND s.webhook_id = e.webhook_id)`;

/** Claims with leases and fences, and what came of them. */
export class Deliveries {
  readonly #anyDue: Statement<unknown>;
  readonly #due: Statement<Row>;
  readonly #these: Statement<Row>;
  readonly #send: Statement<never>;
  readonly #settle: Statement<{ attempts: number }>;
  readonly #deliver: Statement<readonly [id: number, attempts: number]>;
  readonly #release: Statement<never>;
  readonly #insertAttempts: Insert;
  readonly #anyExpired: Statement<unknown>;
  readonly #releaseExpired: Statement<never>;
  readonly #lineUp: Statement<never>;

  constructor(
    db: Database,
    private readonly bodies: Bodies,
  ) {
    this.#anyDue = db.prepare(`SELECT 1 FROM deliveries d WHERE ${DUE} LIMIT 1`);
    const from = `SELECT d.id, d.fence, d.mode, d.share, d.whole, d.attempts, d.event_id, e.received_at, e.event, e.message_id,
              e.body IS NOT NULL, ${SEVERAL}, e.plain, e.webhook_id, w.source, w.format, w.signature, d.after_dead
         FROM deliveries d CROSS JOIN events e ON e.id = d.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id`;
    this.#due = db.prepareTuples(`${from} WHERE ${DUE} ORDER BY d.due_at, d.id LIMIT ?`);
    this.#these = db.prepareTuples(
      `${from} WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY d.due_at, d.id`,
    );
    this.#send = db.prepare(
      `UPDATE deliveries SET state = 'sending', lease_until = ?, fence = fence + 1
        WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#settle = db.prepare(
      `UPDATE deliveries SET state = ?, due_at = ?, ended_at = ?, reason = ?, last_status = ?, last_error = ?, fault = ?,
              attempts = attempts + 1, lease_until = NULL
        WHERE id = ? AND fence = ? AND state = 'sending' RETURNING attempts`,
    );
    this.#deliver =
      db.prepareTuples(`UPDATE deliveries SET state = 'delivered', due_at = NULL, lease_until = NULL, attempts = attempts + 1,
              ended_at = j.value ->> 2, reason = NULL, last_status = j.value ->> 3, last_error = NULL, fault = NULL
         FROM json_each(?) j
        WHERE deliveries.id = j.value ->> 0 AND fence = j.value ->> 1 AND state = 'sending'
       RETURNING deliveries.id, attempts`);
    this.#release = db.prepare(
      `UPDATE deliveries SET state = 'pending', lease_until = NULL, due_at = coalesce(?, due_at)
        WHERE id = ? AND fence = ? AND state = 'sending'`,
    );
    this.#insertAttempts = new Insert(db, 'attempts', [
      'delivery_id',
      'number',
      'started_at',
      'duration',
      'status',
      'error',
      'response',
      'mode',
      'share',
      'fault',
    ]);
    const expired = "state = 'sending' AND lease_until <= ?";
    this.#anyExpired = db.prepare(`SELECT 1 FROM deliveries WHERE ${expired} LIMIT 1`);
    // due_at is left as it was: they are due, and keep their place before those that came later.
    this.#releaseExpired = db.prepare(
      `UPDATE deliveries SET state = 'pending', lease_until = NULL WHERE ${expired}`,
    );
    // Two states, each with its partial index. What a crash left as being sent waits as well, once its lease has ended.
    // What was made in the future, before the clock was set back, is due as well.
    const place = 'min(created_at, ?2)';
    const outOfLine = `destination = ?1 AND due_at <> ${place}`;
    this.#lineUp = db.prepare(
      `UPDATE deliveries SET due_at = ${place} WHERE id IN (
         SELECT id FROM deliveries WHERE state = 'pending' AND ${outOfLine}
         UNION ALL SELECT id FROM deliveries WHERE state = 'sending' AND ${outOfLine})`,
    );
  }

  noneDue(destination: string, now: number): boolean {
    return this.#anyDue.get(destination, now) === undefined;
  }

  claim(destination: string, limit: number, now: number, lease: number): readonly ClaimedDelivery[] {
    return this.#claimRows(this.#due.all(destination, now, limit), destination, now + lease);
  }

  /** @param ids of deliveries that wait. */
  claimThese(
    ids: readonly number[],
    destination: string,
    now: number,
    lease: number,
  ): readonly ClaimedDelivery[] {
    const rows = ids.length === 0 ? [] : this.#these.all(JSON.stringify(ids));
    return this.#claimRows(rows, destination, now + lease);
  }

  #claimRows(rows: readonly Row[], destination: string, leaseEnd: number): readonly ClaimedDelivery[] {
    const claimed = rows.map((row) => claimedDelivery(row, destination, this.bodies));
    if (claimed.length > 0) this.#send.run(leaseEnd, JSON.stringify(claimed.map(({ id }) => id)));
    return claimed;
  }

  settle(batch: readonly Settlement[]): readonly boolean[] {
    const attempts: Value[] = [];
    const delivered = this.#deliveredAtOnce(batch);
    const taken = batch.map((settlement) => {
      const { deliveryId, fence } = settlement;
      if (settlement.outcome === 'released')
        return Number(this.#release.run(dueOf(settlement), deliveryId, fence).changes) > 0;
      const { attempt } = settlement;
      const error = attempt.error === null ? null : text(cut(attempt.error, MAX_ERROR));
      const number = isPlain(settlement)
        ? delivered.get(deliveryId)
        : this.#settle.get(...following(settlement), attempt.status, error, attempt.fault, deliveryId, fence)
            ?.attempts;
      if (number === undefined) return false;
      delivered.delete(deliveryId);
      attempts.push(deliveryId, number, ...attemptValues(attempt, error));
      return true;
    });
    this.#insertAttempts.run(attempts);
    return taken;
  }

  /** Nearly all of them, in one statement. @returns how many attempts each of those that were taken has had. */
  #deliveredAtOnce(batch: readonly Settlement[]): Map<number, number> {
    const plain = batch.filter(isPlain);
    if (plain.length === 0) return new Map();
    const values = plain.map(({ deliveryId, fence, attempt }) => [
      deliveryId,
      fence,
      endOf(attempt),
      attempt.status,
    ]);
    return new Map(this.#deliver.all(JSON.stringify(values)));
  }

  noneExpired(now: number): boolean {
    return this.#anyExpired.get(now) === undefined;
  }

  releaseExpired(now: number): number {
    return Number(this.#releaseExpired.run(now).changes);
  }

  lineUp(destination: string, now: number): number {
    return Number(this.#lineUp.run(destination, now).changes);
  }
}

type Delivered = Extract<Settlement, { readonly outcome: 'delivered' }>;

/** All that is to be written of it is numbers, which can go over many at a time. */
const isPlain = (settlement: Settlement): settlement is Delivered =>
  settlement.outcome === 'delivered' && settlement.attempt.error === null;

const endOf = (attempt: Attempt): number => Math.round(attempt.startedAt + attempt.duration);

const dueOf = ({ dueAt }: { readonly dueAt?: number }): number | null =>
  dueAt === undefined ? null : Math.round(dueAt);

/** The new state, due_at, ended_at and reason. */
function following(settlement: Exclude<Settlement, { readonly outcome: 'released' }>): readonly Value[] {
  const endedAt = endOf(settlement.attempt);
  switch (settlement.outcome) {
    case 'delivered':
      return ['delivered', null, endedAt, null];
    case 'retry':
      return ['pending', dueOf(settlement), null, null];
    case 'dead':
      return ['dead', null, endedAt, text(cut(settlement.reason, MAX_ERROR))];
    case 'missed':
      return ['missed', null, endedAt, null];
  }
}

const attemptValues = (attempt: Attempt, error: Value): readonly Value[] => [
  Math.round(attempt.startedAt),
  Math.round(attempt.duration),
  attempt.status,
  error,
  optionalText(attempt.response === null ? null : cut(attempt.response, MAX_RESPONSE)),
  attempt.mode,
  attempt.share,
  attempt.fault,
];

function claimedDelivery(row: Row, destination: string, bodies: Bodies): ClaimedDelivery {
  const [id, fence, mode, share, whole, attempts, eventId, receivedAt, event, messageId, ...content] = row;
  const [hasBody, several, plain, webhookId, source, format, signature, afterDead] = content;
  return {
    id,
    fence: fence + 1,
    destination,
    mode,
    share,
    whole: whole === 1,
    severalEvents: several === 1,
    probe: false,
    afterDead,
    attempts,
    receivedAt,
    eventId,
    event: fromText(event),
    messageId: fromText(messageId),
    get body() {
      return hasBody === 1 ? bodies.ofEvent(eventId) : null;
    },
    plain: plain === 1,
    webhook: bodies.webhook(webhookId, source, format, signature),
  };
}
