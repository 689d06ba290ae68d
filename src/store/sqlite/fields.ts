import { MOST_EXTRACTIONS, MOST_FIELDS } from '../bounds.js';
import type { ExtractionFields, FieldsQuery, StoredFields } from '../rows.js';
import type { Database, Statement } from './driver.js';
import { filtered } from './filtered.js';
import { fromText, type Text, text } from './values.js';

type Row = Omit<StoredFields, 'extractionId' | 'fields'> & { readonly extractionId: Text };

/** Which fields the results of each extraction have, as far as they were looked at. */
export class Fields {
  readonly #extraction: Statement<{ id: number }>;
  readonly #count: Statement<{ n: number }>;
  readonly #seen: Statement<{ id: number }>;
  readonly #insert: Statement<never>;
  readonly #forgotten: Statement<{ id: number }>;
  readonly #forget: Statement<never>;
  readonly #forgetFields: Statement<never>;
  readonly #fields: Statement<readonly [path: Text, firstAt: number, lastAt: number, count: number]>;

  constructor(private readonly db: Database) {
    this.#extraction = db.prepare(
      `INSERT INTO extractions_seen (source, extraction, first_at, last_at, count) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (source, extraction) DO UPDATE
         SET last_at = max(last_at, excluded.last_at), count = count + excluded.count
       RETURNING id`,
    );
    this.#count = db.prepare('SELECT count(*) AS n FROM fields_seen WHERE extraction_id = ?');
    this.#seen = db.prepare(
      `UPDATE fields_seen SET last_at = max(last_at, ?), count = count + ?
        WHERE extraction_id = ? AND path = ? RETURNING extraction_id AS id`,
    );
    this.#insert = db.prepare('INSERT INTO fields_seen VALUES (?, ?, ?, ?, ?)');
    this.#forgotten = db.prepare(
      `SELECT id FROM extractions_seen ORDER BY last_at DESC, id DESC LIMIT -1 OFFSET ${MOST_EXTRACTIONS}`,
    );
    this.#forget = db.prepare('DELETE FROM extractions_seen WHERE id = ?');
    this.#forgetFields = db.prepare('DELETE FROM fields_seen WHERE extraction_id = ?');
    this.#fields = db.prepareTuples(
      'SELECT path, first_at, last_at, count FROM fields_seen WHERE extraction_id = ? ORDER BY path',
    );
  }

  record(batch: readonly ExtractionFields[]): void {
    for (const { source, extractionId, firstAt, lastAt, count, fields } of batch) {
      const { id } = this.#extraction.get(source, text(extractionId), firstAt, lastAt, count) ?? { id: 0 };
      let room = MOST_FIELDS - (this.#count.get(id)?.n ?? 0);
      for (const field of fields) {
        if (this.#seen.get(field.lastAt, field.count, id, text(field.path)) !== undefined || room <= 0)
          continue;
        this.#insert.run(id, text(field.path), field.firstAt, field.lastAt, field.count);
        room -= 1;
      }
    }
    for (const { id } of this.#forgotten.all()) {
      this.#forget.run(id);
      this.#forgetFields.run(id);
    }
  }

  list(query: FieldsQuery): readonly StoredFields[] {
    const { where, values } = filtered([['id > ?', query.after]]);
    const rows = this.db.query<Row>(
      `SELECT id, source, extraction AS "extractionId", first_at AS "firstAt", last_at AS "lastAt", count
         FROM extractions_seen WHERE ${where} ORDER BY id LIMIT ?`,
      ...values,
      query.limit,
    );
    return rows.map((row) => ({
      ...row,
      extractionId: fromText(row.extractionId),
      fields: this.#fields
        .all(row.id)
        .map(([path, firstAt, lastAt, count]) => ({ path: fromText(path), firstAt, lastAt, count })),
    }));
  }
}
