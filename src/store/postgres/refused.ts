import {
  REFUSED,
  type RefusedDetail,
  type RefusedOfSource,
  type RefusedQuery,
  type RefusedRow,
  type RefusedStore,
} from '../refused.js';
import { int8s, texts } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import { filtered, whole } from './filtered.js';
import type { Inbox } from './inbox.js';
import { LOCK, lockAlone } from './locks.js';
import { fromText, optionalText, text } from './values.js';

const COUNT: Statement<never> = {
  name: 'count_refused',
  text: `INSERT INTO refused_counts AS c
         SELECT $1, day, reason, sum(count) FROM unnest($2::bigint[], $3::text[], $4::bigint[]) given (day, reason, count)
          GROUP BY day, reason
         ON CONFLICT (source, day, reason) DO UPDATE SET count = c.count + excluded.count`,
};

const FORGET: Statement<never> = {
  name: 'forget_refused_counts',
  text: 'DELETE FROM refused_counts WHERE source = $1 AND day < $2',
};

const KEEP: Statement<never> = {
  name: 'keep_refused',
  text: `INSERT INTO refused (source, kept, received_at, reason, address, path, size, well_formed, signature, body)
         SELECT $1, body IS NOT NULL, received_at, reason, address, path, size, well_formed = 1, signature, body
           FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
             WITH ORDINALITY AS given (received_at, reason, address, path, size, well_formed, signature, body, place)
          ORDER BY place`,
};

const TRIM: Statement<never> = {
  name: 'trim_refused',
  text: `DELETE FROM refused WHERE source = $1 AND kept = $2 AND id <= (
           SELECT id FROM refused WHERE source = $1 AND kept = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)`,
};

const TRIM_BYTES: Statement<never> = {
  name: 'trim_refused_bytes',
  text: `DELETE FROM refused WHERE kept AND id <= (
           SELECT max(id) FROM (
             SELECT id, sum(size) OVER (ORDER BY id DESC) AS total FROM refused WHERE kept) newest
            WHERE total > $1)`,
};

const TAKE: Statement<{ id: number }> = {
  name: 'take_refused',
  text: 'DELETE FROM refused WHERE id = ANY ($1) RETURNING id',
};

const COLUMNS =
  'id, source, kept, received_at AS "receivedAt", reason, address, path, size, well_formed AS "wellFormed"';

/** Requests that were refused for their signature. */
export class Refused {
  constructor(
    private readonly db: Database,
    private readonly inbox: Pick<Inbox, 'putWith'>,
  ) {}

  /** One instance at a time, so that what each trims is what all have brought. */
  record(batch: readonly RefusedOfSource[]): Promise<void> {
    return this.db.transaction(async (session) => {
      lockAlone(session, LOCK.refused);
      for (const ofSource of batch) record(session, ofSource);
      session.send(TRIM_BYTES, REFUSED.bytes);
    });
  }

  async list(query: RefusedQuery): Promise<readonly RefusedRow[]> {
    const { where, values } = filtered([
      ['id < ?', query.before],
      ['source = ?', query.source],
    ]);
    const kept = query.kept === undefined ? 'true' : 'kept';
    const rows = await this.db.query<RefusedRow>(
      {
        text: `SELECT ${COLUMNS} FROM refused WHERE ${where} AND ${kept} ORDER BY id DESC LIMIT ${whole(query.limit)}`,
      },
      ...values,
    );
    return rows.map(refusedRow);
  }

  async get(id: number): Promise<RefusedDetail | null> {
    const [found] = await this.db.query<RefusedRow & { signature: string | null; body: string | null }>(
      { name: 'refused', text: `SELECT ${COLUMNS}, signature, body FROM refused WHERE id = $1` },
      id,
    );
    if (found === undefined) return null;
    const { signature, body, ...row } = found;
    const request =
      signature === null || body === null ? null : { body: fromText(body), signature: fromText(signature) };
    return { ...refusedRow(row), request };
  }

  counts(): ReturnType<RefusedStore['refusedCounts']> {
    return this.db.query({
      name: 'refused_counts',
      text: 'SELECT source, day, reason, count FROM refused_counts ORDER BY source, day DESC, reason',
    });
  }

  async prune(before: number): Promise<void> {
    await this.db.query<never>({ text: 'DELETE FROM refused WHERE received_at < $1' }, before);
  }

  accept(batch: Parameters<RefusedStore['acceptRefused']>[0]): Promise<readonly (number | null)[]> {
    return this.inbox.putWith(
      batch.map(({ webhook }) => webhook),
      async (session, put) => {
        const taken = await session.query(TAKE, int8s(batch.map(({ id }) => id)));
        const there = new Set(taken.map(({ id }) => id));
        // Each once, where one is named twice.
        const found = batch.map(({ id }) => there.delete(id));
        const ids = (await put(batch.filter((_, at) => found[at]).map(({ webhook }) => webhook))).values();
        return found.map((isThere) => (isThere ? (ids.next().value ?? null) : null));
      },
    );
  }
}

function record(session: Session, { source, keep, counts, samples }: RefusedOfSource): void {
  if (counts.length > 0) {
    session.send(
      COUNT,
      source,
      int8s(counts.map(({ day }) => day)),
      texts(counts.map(({ reason }) => reason)),
      int8s(counts.map(({ count }) => count)),
    );
    session.send(FORGET, source, Math.max(...counts.map(({ day }) => day)) - REFUSED.counted);
  }
  session.send(
    KEEP,
    source,
    int8s(samples.map(({ receivedAt }) => receivedAt)),
    texts(samples.map(({ reason }) => reason)),
    texts(samples.map(({ address }) => text(address))),
    texts(samples.map(({ path }) => text(path))),
    int8s(samples.map(({ size }) => size)),
    int8s(samples.map(({ wellFormed }) => (wellFormed === null ? null : Number(wellFormed)))),
    texts(samples.map(({ request }) => optionalText(request?.signature ?? null))),
    texts(samples.map(({ request }) => optionalText(request?.body ?? null))),
  );
  session.send(TRIM, source, false, REFUSED.bare);
  session.send(TRIM, source, true, keep);
}

const refusedRow = (row: RefusedRow): RefusedRow => ({
  ...row,
  address: fromText(row.address),
  path: fromText(row.path),
});
