import type { Attempt, ClaimedDelivery, Format, Settlement } from '../../model.js';
import type { Database, Statement, Value } from './driver.js';
import { CLAIM_SIZE } from './inbox.js';
import { cut, fromOptionalText, fromText, Insert, optionalText, type Text, text } from './values.js';

interface Row {
  readonly id: number;
  readonly fence: number;
  readonly attempts: number;
  readonly received_at: number;
  readonly event_id: number;
  readonly event: Text;
  readonly message_id: Text;
  readonly body: Text | null;
  readonly plain: number;
  readonly webhook_id: number;
  readonly source: string;
  readonly format: Format;
  readonly raw: Text;
  readonly signature: Text;
}

const MAX_RESPONSE = 4096;
const MAX_ERROR = 1000;

const DUE = "d.destination = ? AND d.state = 'pending' AND d.due_at <= ?";

/** Claims with leases and fences, and what came of them. */
export class Deliveries {
  readonly #anyDue: Statement<unknown>;
  readonly #due: Statement<Row>;
  readonly #send: Statement<never>;
  readonly #settle: Statement<{ attempts: number }>;
  readonly #release: Statement<never>;
  readonly #insertAttempts: Insert;
  readonly #anyExpired: Statement<unknown>;
  readonly #releaseExpired: Statement<never>;

  constructor(db: Database) {
    this.#anyDue = db.prepare(`SELECT 1 FROM deliveries d WHERE ${DUE} LIMIT 1`);
    this.#due = db.prepare(
      `SELECT d.id, d.fence, d.attempts, d.event_id, e.received_at, e.event, e.message_id, e.body, e.plain,
              e.webhook_id, w.source, w.format, w.body AS raw, w.signature
         FROM deliveries d CROSS JOIN events e ON e.id = d.event_id CROSS JOIN webhooks w ON w.id = e.webhook_id
        WHERE ${DUE} ORDER BY d.due_at, d.id LIMIT ?`,
    );
    this.#send = db.prepare(
      `UPDATE deliveries SET state = 'sending', lease_until = ?, fence = fence + 1
        WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#settle = db.prepare(
      `UPDATE deliveries SET state = ?, due_at = ?, ended_at = ?, reason = ?, last_status = ?, last_error = ?,
              attempts = attempts + 1, lease_until = NULL
        WHERE id = ? AND fence = ? AND state = 'sending' RETURNING attempts`,
    );
    this.#release = db.prepare(
      `UPDATE deliveries SET state = 'pending', lease_until = NULL
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
    ]);
    const expired = "state = 'sending' AND lease_until <= ?";
    this.#anyExpired = db.prepare(`SELECT 1 FROM deliveries WHERE ${expired} LIMIT 1`);
    // due_at is left as it was: they are due, and keep their place before those that came later.
    this.#releaseExpired = db.prepare(
      `UPDATE deliveries SET state = 'pending', lease_until = NULL WHERE ${expired}`,
    );
  }

  noneDue(destination: string, now: number): boolean {
    return this.#anyDue.get(destination, now) === undefined;
  }

  claim(destination: string, limit: number, now: number, lease: number): readonly ClaimedDelivery[] {
    const claimed: ClaimedDelivery[] = [];
    let size = 0;
    for (const row of this.#due.iterate(destination, now, limit)) {
      const delivery = claimedDelivery(row, destination);
      claimed.push(delivery);
      size += delivery.webhook.body.length + (delivery.body?.length ?? 0);
      if (size >= CLAIM_SIZE) break;
    }
    if (claimed.length > 0) this.#send.run(now + lease, JSON.stringify(claimed.map(({ id }) => id)));
    return claimed;
  }

  settle(batch: readonly Settlement[]): readonly boolean[] {
    const attempts: Value[] = [];
    const taken = batch.map((settlement) => {
      const { deliveryId, fence } = settlement;
      if (settlement.outcome === 'released') return Number(this.#release.run(deliveryId, fence).changes) > 0;
      const { attempt } = settlement;
      const error = attempt.error === null ? null : text(cut(attempt.error, MAX_ERROR));
      const row = this.#settle.get(...following(settlement), attempt.status, error, deliveryId, fence);
      if (!row) return false;
      attempts.push(deliveryId, row.attempts, ...attemptValues(attempt, error));
      return true;
    });
    this.#insertAttempts.run(attempts);
    return taken;
  }

  noneExpired(now: number): boolean {
    return this.#anyExpired.get(now) === undefined;
  }

  releaseExpired(now: number): number {
    return Number(this.#releaseExpired.run(now).changes);
  }
}

/** The new state, due_at, ended_at and reason. */
function following(settlement: Exclude<Settlement, { readonly outcome: 'released' }>): readonly Value[] {
  const endedAt = Math.round(settlement.attempt.startedAt + settlement.attempt.duration);
  switch (settlement.outcome) {
    case 'delivered':
      return ['delivered', null, endedAt, null];
    case 'retry':
      return ['pending', Math.round(settlement.dueAt), null, null];
    case 'dead':
      return ['dead', null, endedAt, text(cut(settlement.reason, MAX_ERROR))];
  }
}

const attemptValues = (attempt: Attempt, error: Value): readonly Value[] => [
  Math.round(attempt.startedAt),
  Math.round(attempt.duration),
  attempt.status,
  error,
  optionalText(attempt.response === null ? null : cut(attempt.response, MAX_RESPONSE)),
];

const claimedDelivery = (row: Row, destination: string): ClaimedDelivery => ({
  id: row.id,
  fence: row.fence + 1,
  destination,
  attempts: row.attempts,
  receivedAt: row.received_at,
  eventId: row.event_id,
  event: fromText(row.event),
  messageId: fromText(row.message_id),
  body: fromOptionalText(row.body),
  plain: row.plain === 1,
  webhook: {
    id: row.webhook_id,
    source: row.source,
    format: row.format,
    body: fromText(row.raw),
    signature: fromText(row.signature),
  },
});
