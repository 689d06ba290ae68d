import type { Format, QuarantineReason, Verified, WebhookState } from '../../model.js';
import { asVerified } from '../as-verified.js';
import { parseErrors } from '../bounds.js';
import type { QuarantineQuery, QuarantineRow, WebhookDetail } from '../rows.js';
import type { Database } from './driver.js';
import { filtered } from './filtered.js';
import { fromOptionalText, fromText, type Text, text } from './values.js';

/** Webhooks by hand: those in quarantine, and any by its number. */
export class Quarantine {
  constructor(private readonly db: Database) {}

  list(query: QuarantineQuery): readonly QuarantineRow[] {
    const { where, values } = filtered([
      ['q.webhook_id < ?', query.before],
      ['q.reason = ?', query.reason],
      ['w.source = ?', query.source],
    ]);
    return this.db
      .query<{
        id: number;
        source: string;
        format: Format;
        received_at: number;
        reason: QuarantineReason;
        errors: string;
        size: number;
      }>(
        `SELECT w.id, w.source, w.format, w.received_at, q.reason, q.errors, octet_length(w.body) AS size
           FROM quarantine q INDEXED BY quarantine_open CROSS JOIN webhooks w ON w.id = q.webhook_id
          WHERE q.state = 'quarantined' AND ${where} ORDER BY q.webhook_id DESC LIMIT ?`,
        ...values,
        query.limit,
      )
      .map(({ received_at, errors, ...row }) => ({
        ...row,
        receivedAt: received_at,
        errors: parseErrors(errors),
      }));
  }

  /** @returns the ids that were in quarantine. */
  discard(ids: readonly number[], note: string, now: number): readonly number[] {
    return this.db
      .query<{ webhook_id: number }>(
        `UPDATE quarantine SET state = 'discarded', note = ?, changed_at = ?
          WHERE state = 'quarantined' AND webhook_id IN (SELECT value FROM json_each(?)) RETURNING webhook_id`,
        text(note),
        now,
        JSON.stringify(ids),
      )
      .map((row) => row.webhook_id);
  }

  webhook(id: number): Verified<WebhookDetail> | null {
    const [row] = this.db.query<{
      source: string;
      format: Format;
      received_at: number;
      secret_index: number;
      signature: Text;
      body: Text;
      state: WebhookState;
      reason: QuarantineReason | null;
      errors: string | null;
      note: Text | null;
    }>('SELECT * FROM webhook_states WHERE id = ?', id);
    return row
      ? asVerified({
          id,
          source: row.source,
          format: row.format,
          receivedAt: row.received_at,
          secretIndex: row.secret_index,
          signature: fromText(row.signature),
          body: fromText(row.body),
          state: row.state,
          reason: row.reason,
          errors: row.errors === null ? [] : parseErrors(row.errors),
          note: fromOptionalText(row.note),
        })
      : null;
  }
}
