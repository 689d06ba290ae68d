import { MOST_EXTRACTIONS, MOST_FIELDS } from '../bounds.js';
import type { ExtractionFields, FieldsQuery, StoredFields } from '../rows.js';
import { int8s, texts } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import { LOCK, lockAlone } from './locks.js';
import { fromText, text } from './values.js';

const SEE_EXTRACTION: Statement<{ id: number }> = {
  name: 'see_extraction',
  text: `INSERT INTO extractions_seen AS x (source, extraction, first_at, last_at, count) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (source, extraction) DO UPDATE
           SET last_at = greatest(x.last_at, excluded.last_at), count = x.count + excluded.count
         RETURNING id`,
};

const SEE_FIELDS: Statement<never> = {
  name: 'see_fields',
  text: `WITH given AS MATERIALIZED (
           SELECT * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY
             AS given (path, first_at, last_at, count, place)
         ), seen AS (
           UPDATE fields_seen f SET last_at = greatest(f.last_at, given.last_at), count = f.count + given.count
             FROM given WHERE f.extraction_id = $1 AND f.path = given.path
           RETURNING f.path
         )
         INSERT INTO fields_seen (extraction_id, path, first_at, last_at, count)
         SELECT $1::bigint, path, first_at, last_at, count FROM given WHERE path NOT IN (SELECT path FROM seen) ORDER BY place
          LIMIT greatest(0, ${MOST_FIELDS} - (SELECT count(*) FROM fields_seen WHERE extraction_id = $1))`,
};

const FORGET: Statement<never> = {
  name: 'forget_extractions',
  text: `WITH forgotten AS (
           DELETE FROM extractions_seen
            WHERE id IN (SELECT id FROM extractions_seen ORDER BY last_at DESC, id DESC OFFSET ${MOST_EXTRACTIONS})
           RETURNING id
         )
         DELETE FROM fields_seen WHERE extraction_id IN (SELECT id FROM forgotten)`,
};

type Row = Omit<StoredFields, 'fields'> & {
  readonly fields: readonly (readonly [path: string, firstAt: number, lastAt: number, count: number])[];
};

/** Which fields the results of each extraction have, as far as they were looked at. */
export class Fields {
  constructor(private readonly db: Database) {}

  record(batch: readonly ExtractionFields[]): Promise<void> {
    return this.db.transaction(async (session) => {
      lockAlone(session, LOCK.fields);
      await Promise.all(batch.map((extraction) => see(session, extraction)));
      session.send(FORGET);
    });
  }

  async list(query: FieldsQuery): Promise<readonly StoredFields[]> {
    const rows = await this.db.query<Row>(
      {
        name: 'fields',
        text: `SELECT id, source, extraction AS "extractionId", first_at AS "firstAt", last_at AS "lastAt", count,
                      coalesce((SELECT json_agg(json_build_array(path, f.first_at, f.last_at, f.count) ORDER BY path)
                                  FROM fields_seen f WHERE f.extraction_id = x.id), '[]') AS fields
                 FROM extractions_seen x WHERE id > $1 ORDER BY id LIMIT $2`,
      },
      query.after ?? 0,
      query.limit,
    );
    return rows.map(({ fields, ...row }) => ({
      ...row,
      extractionId: fromText(row.extractionId),
      fields: fields.map(([path, firstAt, lastAt, count]) => ({
        path: fromText(path),
        firstAt,
        lastAt,
        count,
      })),
    }));
  }
}

async function see(session: Session, extraction: ExtractionFields): Promise<void> {
  const { source, extractionId, firstAt, lastAt, count, fields } = extraction;
  const [seen] = await session.query(SEE_EXTRACTION, source, text(extractionId), firstAt, lastAt, count);
  session.send(
    SEE_FIELDS,
    seen?.id ?? 0,
    texts(fields.map(({ path }) => text(path))),
    int8s(fields.map((field) => field.firstAt)),
    int8s(fields.map((field) => field.lastAt)),
    int8s(fields.map((field) => field.count)),
  );
}
