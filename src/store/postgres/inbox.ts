import { StoreError } from '../../errors.js';
import type { NewWebhook, StoredWebhook, Verified } from '../../model.js';
import { asVerified } from '../as-verified.js';
import { CLAIM_SIZE } from '../bounds.js';
import { int8s, texts } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import type { Days } from './days.js';
import { dayOfTime, firstId, nextIdOfTime, numberOf } from './ids.js';
import { talliesInOrder } from './last-seen.js';
import { byServersClock } from './lease-time.js';
import { fromText, text } from './values.js';

/** A sender waits for it: rather than for longer, it is told that nothing was stored. */
const PUT_TIMEOUT = 5_000;

const PUT: Statement<{ id: number }> = {
  name: 'put_webhooks',
  timeout: PUT_TIMEOUT,
  waitedForBy: 'sender',
  text: `WITH stored AS (
           INSERT INTO webhooks (id, source, format, received_at, secret_index, signature, body)
           SELECT ${nextIdOfTime('received_at', 'webhooks_id')}, source, format, received_at, secret_index, signature, body
             FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $12::text[])
               AS given (source, format, received_at, secret_index, signature, body)
           RETURNING id, source, format, received_at, octet_length(body) AS size
         ), entered AS (
           INSERT INTO inbox (webhook_id, source, format, received_at, size)
           SELECT id, source, format, received_at, size FROM stored
         ), noted AS (
           INSERT INTO last_seen AS l
           SELECT source, format, secret_index, pg_backend_pid() % 64, first_at, last_at, count
             FROM unnest($6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
               AS given (source, format, secret_index, first_at, last_at, count)
           ON CONFLICT (source, format, secret_index, slot) DO UPDATE
             SET first_at = least(l.first_at, excluded.first_at), last_at = greatest(l.last_at, excluded.last_at),
                 count = l.count + excluded.count
         )
         SELECT id FROM stored ORDER BY ${numberOf('id')}`,
};

/**
 * Writes no webhook, but takes the rights and the locks that one takes: a row in a table of its own can be written where
 * the next webhook cannot.
 */
const PING: Statement<never> = {
  name: 'ping',
  timeout: 4_000,
  waitedForBy: 'check',
  text: `WITH stored AS (
           INSERT INTO webhooks (id, source, format, received_at, secret_index, signature, body)
           SELECT 0, '', '', 0, 0, '', '' WHERE false
         ), entered AS (
           INSERT INTO inbox (webhook_id, source, format, received_at, size) SELECT 0, '', '', 0, 0 WHERE false
         ), noted AS (
           INSERT INTO last_seen SELECT '', '', 0, 0, 0, 0, 0 WHERE false
         )
         INSERT INTO health VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at`,
};

/** A page to itself: what is there and has room on it still takes smaller rows where the disk has no room for another. */
const PROVE: Statement<unknown> = {
  name: 'prove_room',
  timeout: 4_000,
  text: `INSERT INTO webhooks (id, source, format, received_at, secret_index, signature, body)
         VALUES ($1, '', '', 0, 0, '', repeat('.', 8000)) RETURNING id`,
};

/** A lease stands in the row itself, so that no instance has to know of another. */
const CLAIM: Statement<StoredWebhook> = {
  name: 'claim_webhooks',
  text: `WITH waiting AS MATERIALIZED (
           SELECT webhook_id, size FROM inbox WHERE lease_until <= ${byServersClock('$1', '$4')}
            ORDER BY webhook_id LIMIT $2 FOR UPDATE SKIP LOCKED
         ), claimed AS (
           UPDATE inbox i SET lease_until = ${byServersClock('$3', '$4')}
             FROM (SELECT webhook_id, sum(size) OVER (ORDER BY webhook_id) - size AS before FROM waiting) w
            WHERE i.webhook_id = w.webhook_id AND w.before < ${CLAIM_SIZE}
           RETURNING i.webhook_id
         )
         SELECT w.id, w.source, w.format, w.received_at AS "receivedAt", w.secret_index AS "secretIndex", w.signature,
                w.body
           FROM claimed c JOIN webhooks w ON w.id = c.webhook_id ORDER BY w.id`,
};

/** Webhooks that wait for conversion. */
export class Inbox {
  constructor(
    private readonly db: Database,
    private readonly days: Days,
  ) {}

  async put(batch: readonly NewWebhook[]): Promise<readonly number[]> {
    if (batch.length === 0) return [];
    return this.days.with(daysOf(batch), () => put(this.db, batch));
  }

  /** Proves that a webhook that comes now could be stored. */
  ping(now: number): Promise<unknown> {
    return this.days.with([dayOfTime(now)], () => this.db.query(PING, now));
  }

  /** Proves that there is room for one, which is undone. After a `ping`; it leaves a page for a vacuum to clean. */
  async prove(now: number): Promise<void> {
    const undone = new StoreError('store_unavailable', 'this was no webhook');
    const proving = this.db.transaction(
      async (session) => {
        await session.query(PROVE, firstId(dayOfTime(now)));
        throw undone;
      },
      { waitedForBy: 'check' },
    );
    await proving.catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  }

  /** In one transaction with something else. @param most all that may be put, of which some may be left out */
  putWith<T>(
    most: readonly NewWebhook[],
    work: (session: Session, put: (batch: readonly NewWebhook[]) => Promise<readonly number[]>) => Promise<T>,
  ): Promise<T> {
    return this.days.with(daysOf(most), () =>
      this.db.transaction((session) => work(session, (batch) => put(session, batch))),
    );
  }

  async claim(limit: number, now: number, lease: number): Promise<readonly Verified<StoredWebhook>[]> {
    return (await this.db.query(CLAIM, now, limit, now + lease, Date.now())).map(storedWebhook);
  }
}

const daysOf = (batch: readonly NewWebhook[]): readonly number[] => [
  ...new Set(batch.map(({ receivedAt }) => dayOfTime(receivedAt))),
];

async function put(
  session: Pick<Session, 'query'>,
  batch: readonly NewWebhook[],
): Promise<readonly number[]> {
  if (batch.length === 0) return [];
  const seen = talliesInOrder(batch);
  const rows = await session.query(
    PUT,
    texts(batch.map(({ source }) => source)),
    texts(batch.map(({ format }) => format)),
    int8s(batch.map(({ receivedAt }) => receivedAt)),
    int8s(batch.map(({ secretIndex }) => secretIndex)),
    texts(batch.map(({ signature }) => text(signature))),
    texts(seen.map(({ source }) => source)),
    texts(seen.map(({ format }) => format)),
    int8s(seen.map(({ secretIndex }) => secretIndex)),
    int8s(seen.map(({ firstAt }) => firstAt)),
    int8s(seen.map(({ lastAt }) => lastAt)),
    int8s(seen.map(({ count }) => count)),
    // Last, since the driver copies all that was written so far whenever its buffer is too small for more.
    texts(batch.map(({ body }) => text(body))),
  );
  return rows.map(({ id }) => id);
}

const storedWebhook = (row: StoredWebhook): Verified<StoredWebhook> =>
  asVerified({ ...row, signature: fromText(row.signature), body: fromText(row.body) });
