import type { Verified } from '../../model.js';
import { asVerified } from '../as-verified.js';
import { parseErrors } from '../bounds.js';
import type { QuarantineQuery, QuarantineRow, WebhookDetail } from '../rows.js';
import type { Database } from './driver.js';
import { filtered } from './filtered.js';
import { fromOptionalText, fromText, type Text, text } from './values.js';

type Webhook = Omit<WebhookDetail, 'signature' | 'body' | 'errors' | 'note'> & {
  readonly signature: Text;
  readonly body: Text;
  readonly errors: string | null;
  readonly note: Text | null;
};

/** Webhooks by hand: those in quarantine, and any by its number. */
export class Quarantine {
  constructor(private readonly db: Database) {}

  list(query: QuarantineQuery): readonly QuarantineRow[] {
    const { where, values } = filtered([
      ['q.webhook_id < ?', query.before],
      ['q.reason = ?', query.reason],
      ['w.source = ?', query.source],
    ]);
    const rows = this.db.query<Omit<QuarantineRow, 'errors'> & { readonly errors: string }>(
      `SELECT w.id, w.source, w.format, w.received_at AS "receivedAt", q.reason, q.errors, octet_length(w.body) AS size
         FROM quarantine q INDEXED BY quarantine_open CROSS JOIN webhooks w ON w.id = q.webhook_id
        WHERE q.state = 'quarantined' AND ${where} ORDER BY q.webhook_id DESC LIMIT ?`,
      ...values,
      query.limit,
    );
    return rows.map((row) => ({ ...row, errors: parseErrors(row.errors) }));
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
    const [row] = this.db.query<Webhook>(
      `SELECT id, source, format, received_at AS "receivedAt", secret_index AS "secretIndex", signature, body, state, reason,
              errors, note
         FROM webhook_states WHERE id = ?`,
      id,
    );
    if (row === undefined) return null;
    return asVerified({
      ...row,
      signature: fromText(row.signature),
      body: fromText(row.body),
      errors: row.errors === null ? [] : parseErrors(row.errors),
      note: fromOptionalText(row.note),
    });
  }
}
