import type { NewWebhook, Verified } from '../../model.js';
import {
  REFUSED,
  type RefusalReason,
  type RefusedDetail,
  type RefusedOfSource,
  type RefusedQuery,
  type RefusedRow,
} from '../refused.js';
import type { Database, Statement } from './driver.js';
import { filtered } from './filtered.js';
import type { Inbox } from './inbox.js';
import { fromText, Insert, optionalText, type Text, text } from './values.js';

type Row = Omit<RefusedRow, 'path' | 'wellFormed' | 'kept'> & {
  readonly path: Text;
  readonly wellFormed: number | null;
  readonly kept: number;
};

const COLUMNS =
  'id, source, received_at AS "receivedAt", reason, address, path, size, well_formed AS "wellFormed", kept';

/** Requests that were refused for their signature. */
export class Refused {
  readonly #insert: Insert;
  readonly #count: Statement<never>;
  readonly #forget: Statement<never>;
  readonly #trim: Statement<never>;
  readonly #trimBytes: Statement<never>;
  readonly #prune: Statement<never>;
  readonly #take: Statement<{ id: number }>;

  constructor(
    private readonly db: Database,
    private readonly inbox: Pick<Inbox, 'put'>,
  ) {
    this.#insert = new Insert(db, 'refused', [
      'source',
      'kept',
      'received_at',
      'reason',
      'address',
      'path',
      'size',
      'well_formed',
      'signature',
      'body',
    ]);
    this.#count = db.prepare(
      `INSERT INTO refused_counts VALUES (?, ?, ?, ?)
       ON CONFLICT (source, day, reason) DO UPDATE SET count = count + excluded.count`,
    );
    this.#forget = db.prepare('DELETE FROM refused_counts WHERE source = ? AND day < ?');
    this.#trim = db.prepare(
      `DELETE FROM refused WHERE source = ?1 AND kept = ?2 AND id <= (
         SELECT id FROM refused WHERE source = ?1 AND kept = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)`,
    );
    this.#trimBytes = db.prepare(
      `DELETE FROM refused WHERE kept = 1 AND id <= (
         SELECT max(id) FROM (
           SELECT id, sum(size) OVER (ORDER BY id DESC) AS total FROM refused INDEXED BY refused_kept WHERE kept = 1)
          WHERE total > ?)`,
    );
    this.#prune = db.prepare('DELETE FROM refused WHERE received_at < ?');
    this.#take = db.prepare('DELETE FROM refused WHERE id = ? RETURNING id');
  }

  record(batch: readonly RefusedOfSource[]): void {
    for (const { source, keep, counts, samples } of batch) {
      for (const { day, reason, count } of counts) this.#count.run(source, day, reason, count);
      const latest = Math.max(...counts.map(({ day }) => day));
      if (Number.isFinite(latest)) this.#forget.run(source, latest - REFUSED.counted);
      this.#insert.run(
        samples.flatMap(({ receivedAt, reason, address, path, size, wellFormed, request }) => [
          source,
          request === null ? 0 : 1,
          receivedAt,
          reason,
          address,
          text(path),
          size,
          wellFormed === null ? null : Number(wellFormed),
          optionalText(request?.signature ?? null),
          optionalText(request?.body ?? null),
        ]),
      );
      this.#trim.run(source, 0, REFUSED.bare);
      this.#trim.run(source, 1, keep);
    }
    this.#trimBytes.run(REFUSED.bytes);
  }

  list(query: RefusedQuery): readonly RefusedRow[] {
    const { where, values } = filtered([
      ['id < ?', query.before],
      ['source = ?', query.source],
      ['kept = ?', query.kept === undefined ? undefined : 1],
    ]);
    return this.db
      .query<Row>(
        `SELECT ${COLUMNS} FROM refused WHERE ${where} ORDER BY id DESC LIMIT ?`,
        ...values,
        query.limit,
      )
      .map(refusedRow);
  }

  get(id: number): RefusedDetail | null {
    const [found] = this.db.query<Row & { signature: Text | null; body: Text | null }>(
      `SELECT ${COLUMNS}, signature, body FROM refused WHERE id = ?`,
      id,
    );
    if (found === undefined) return null;
    const { signature, body, ...row } = found;
    const request =
      signature === null || body === null ? null : { body: fromText(body), signature: fromText(signature) };
    return { ...refusedRow(row), request };
  }

  counts() {
    return this.db.query<{ source: string; day: number; reason: RefusalReason; count: number }>(
      'SELECT source, day, reason, count FROM refused_counts ORDER BY source, day DESC, reason',
    );
  }

  prune(before: number): void {
    this.#prune.run(before);
  }

  accept(
    batch: readonly { readonly id: number; readonly webhook: Verified<NewWebhook> }[],
  ): readonly (number | null)[] {
    const there = batch.map(({ id }) => this.#take.get(id) !== undefined);
    const ids = this.inbox
      .put(batch.filter((_, index) => there[index]).map(({ webhook }) => webhook))
      .values();
    return there.map((isThere) => (isThere ? (ids.next().value ?? null) : null));
  }
}

const refusedRow = (row: Row): RefusedRow => ({
  ...row,
  path: fromText(row.path),
  wellFormed: row.wellFormed === null ? null : row.wellFormed === 1,
  kept: row.kept === 1,
});
