import type { DiskUse } from '../rows.js';
import type { Database } from './database.js';

/** The sizes of our tables, with all that belongs to them, and the time of the first webhook: no look at any row. */
export async function diskUse(db: Database): Promise<DiskUse> {
  const [found] = await db.query<{ bytes: number | null; oldestAt: number | null }>({
    name: 'disk_use',
    text: `SELECT (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
                    WHERE relkind = 'r'
                      AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('webhooks'))
                  ) AS bytes,
                  (SELECT received_at FROM webhooks ORDER BY id LIMIT 1) AS "oldestAt"`,
  });
  // What of it is empty only a look at all pages would tell; the log belongs to the whole server.
  return { bytes: found?.bytes ?? 0, free: null, log: null, oldestAt: found?.oldestAt ?? null };
}
