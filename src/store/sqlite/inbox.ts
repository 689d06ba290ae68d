import type { NewWebhook, StoredWebhook, Verified } from '../../model.js';
import { asVerified } from '../as-verified.js';
import { CLAIM_SIZE } from '../bounds.js';
import type { Database, Statement } from './driver.js';
import type { LastSeenTable } from './last-seen.js';
import { fromText, Insert, type Text, text } from './values.js';

type Row = readonly [
  id: number,
  source: string,
  format: StoredWebhook['format'],
  receivedAt: number,
  secretIndex: number,
  signature: Text,
  body: Text,
];

/** Rows that are read before that is looked at. */
const STEP = 8;

const COLUMNS = 'w.id, w.source, w.format, w.received_at, w.secret_index, w.signature, w.body';

/**
 * Webhooks that wait for conversion. Who has claimed which is kept in memory: one process serves a file, and what it
 * had claimed is free again when it has ended.
 */
export class Inbox {
  readonly #insert: Insert;
  readonly #enter: Statement<never>;
  readonly #after: Statement<Row>;
  readonly #again: Statement<Row>;
  /** When each claim ends. */
  readonly #claims = new Map<number, number>();
  /** The newest that was ever claimed: ids grow in the order of commits. */
  #newest = 0;

  constructor(
    db: Database,
    private readonly lastSeen: LastSeenTable,
  ) {
    this.#insert = new Insert(db, 'webhooks', [
      'source',
      'format',
      'received_at',
      'secret_index',
      'signature',
      'body',
    ]);
    this.#enter = db.prepare(
      'INSERT INTO inbox SELECT id, format, received_at FROM webhooks WHERE id BETWEEN ? AND ?',
    );
    this.#after =
      db.prepareTuples(`SELECT ${COLUMNS} FROM inbox i CROSS JOIN webhooks w ON w.id = i.webhook_id
        WHERE i.webhook_id > ? ORDER BY i.webhook_id LIMIT ?`);
    this.#again = db.prepareTuples(
      `SELECT ${COLUMNS} FROM inbox i CROSS JOIN webhooks w ON w.id = i.webhook_id WHERE i.webhook_id = ?`,
    );
  }

  put(batch: readonly NewWebhook[]): readonly number[] {
    if (batch.length === 0) return [];
    const last = this.#insert.run(
      batch.flatMap((webhook) => [
        webhook.source,
        webhook.format,
        webhook.receivedAt,
        webhook.secretIndex,
        text(webhook.signature),
        text(webhook.body),
      ]),
    );
    // One transaction writes at a time, so that the ids are in a row.
    const first = last - batch.length + 1;
    this.#enter.run(first, last);
    this.lastSeen.note(batch);
    return batch.map((_, index) => first + index);
  }

  claim(limit: number, now: number, lease: number): readonly Verified<StoredWebhook>[] {
    const claimed: Verified<StoredWebhook>[] = [];
    let size = 0;
    const take = (row: Row): void => {
      const webhook = storedWebhook(row);
      this.#claims.set(webhook.id, now + lease);
      size += webhook.body.length;
      claimed.push(webhook);
    };
    const room = (): number => (size < CLAIM_SIZE ? Math.min(limit - claimed.length, STEP) : 0);
    for (const id of this.#ended(now)) {
      if (room() === 0) return claimed;
      const row = this.#again.get(id);
      if (row) take(row);
      else this.#claims.delete(id);
    }
    for (let wanted = room(); wanted > 0; wanted = room()) {
      const rows = this.#after.all(this.#newest, wanted);
      for (const row of rows) take(row);
      this.#newest = rows.at(-1)?.[0] ?? this.#newest;
      if (rows.length < wanted) break;
    }
    return claimed;
  }

  /** They were converted. */
  done(ids: readonly number[]): void {
    for (const id of ids) this.#claims.delete(id);
  }

  #ended(now: number): readonly number[] {
    const ended: number[] = [];
    for (const [id, until] of this.#claims) if (until <= now) ended.push(id);
    return ended.sort((a, b) => a - b);
  }
}

const storedWebhook = ([id, source, format, receivedAt, secretIndex, signature, body]: Row) =>
  asVerified({
    id,
    source,
    format,
    receivedAt,
    secretIndex,
    signature: fromText(signature),
    body: fromText(body),
  });
