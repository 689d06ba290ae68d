import type { Verified } from '../../model.js';
import { asVerified } from '../as-verified.js';
import { parseErrors } from '../bounds.js';
import type { QuarantineQuery, QuarantineRow, WebhookDetail } from '../rows.js';
import { int8s } from './arrays.js';
import type { Database, Statement } from './database.js';
import { filtered, whole } from './filtered.js';
import { fromOptionalText, fromText, sizeOf, text } from './values.js';

type Row = Omit<WebhookDetail, 'errors'> & { readonly errors: string | null };

const WEBHOOK: Statement<Row> = {
  name: 'webhook',
  text: `SELECT w.id, w.source, w.format, w.received_at AS "receivedAt", w.secret_index AS "secretIndex", w.signature, w.body,
                q.reason, q.errors, q.note,
                CASE WHEN q.state IS NOT NULL THEN q.state WHEN i.webhook_id IS NOT NULL THEN 'received'
                     ELSE 'converted' END AS state
           FROM webhooks w LEFT JOIN quarantine q ON q.webhook_id = w.id LEFT JOIN inbox i ON i.webhook_id = w.id
          WHERE w.id = $1`,
};

const DISCARD: Statement<{ id: number }> = {
  name: 'discard',
  text: `UPDATE quarantine SET state = 'discarded', note = $1, changed_at = $2
          WHERE state = 'quarantined' AND webhook_id = ANY ($3) RETURNING webhook_id AS id`,
};

/** Webhooks by hand: those in quarantine, and any by its number. */
export class Quarantine {
  constructor(private readonly db: Database) {}

  async list(query: QuarantineQuery): Promise<readonly QuarantineRow[]> {
    const { where, values } = filtered([
      ['webhook_id < ?', query.before],
      ['reason = ?', query.reason],
      ['source = ?', query.source],
    ]);
    const rows = await this.db.query<Omit<QuarantineRow, 'errors'> & { readonly errors: string }>(
      {
        text: `WITH q AS MATERIALIZED (
                 SELECT webhook_id, reason, errors FROM quarantine WHERE state = 'quarantined' AND ${where}
                  ORDER BY webhook_id DESC LIMIT ${whole(query.limit)}
               )
               SELECT w.id, w.source, w.format, w.received_at AS "receivedAt", q.reason, q.errors,
                      ${sizeOf('w.body')} AS size
                 FROM q JOIN webhooks w ON w.id = q.webhook_id ORDER BY w.id DESC`,
      },
      ...values,
    );
    return rows.map((row) => ({ ...row, errors: parseErrors(row.errors) }));
  }

  /** @returns the ids that were in quarantine. */
  async discard(ids: readonly number[], note: string, now: number): Promise<readonly number[]> {
    return (await this.db.query(DISCARD, text(note), now, int8s(ids))).map(({ id }) => id);
  }

  async webhook(id: number): Promise<Verified<WebhookDetail> | null> {
    const [row] = await this.db.query(WEBHOOK, id);
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
