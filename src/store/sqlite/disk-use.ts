import { statSync } from 'node:fs';
import type { DiskUse } from '../rows.js';
import type { Database } from './driver.js';

/** From the header of the file and its first webhook: the same time whatever its size. */
export function diskUse(db: Database, path: string): DiskUse {
  const pragma = (name: 'page_count' | 'page_size' | 'freelist_count'): number =>
    db.query<Readonly<Record<string, number>>>(`PRAGMA ${name}`)[0]?.[name] ?? 0;
  const size = pragma('page_size');
  const [oldest] = db.query<{ received_at: number }>('SELECT received_at FROM webhooks ORDER BY id LIMIT 1');
  return {
    bytes: pragma('page_count') * size,
    free: pragma('freelist_count') * size,
    log: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    oldestAt: oldest?.received_at ?? null,
  };
}
