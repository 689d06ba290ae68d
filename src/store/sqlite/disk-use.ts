import { statSync } from 'node:fs';
import type { DiskUse } from '../rows.js';
import type { Database } from './driver.js';

/** From the header of the file and its first webhook: the same time whatever its size. */
export function diskUse(db: Database, path: string): DiskUse {
  const size = db.pragma('page_size');
  const [oldest] = db.query<{ received_at: number }>('SELECT received_at FROM webhooks ORDER BY id LIMIT 1');
  return {
    bytes: db.pragma('page_count') * size,
    free: db.pragma('freelist_count') * size,
    log: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    oldestAt: oldest?.received_at ?? null,
  };
}
