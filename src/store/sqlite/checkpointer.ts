import type { Checkpointer } from './checkpoints.js';
import { Database } from './driver.js';

/** Copies it in this thread, over a connection of its own. */
export function openCheckpointer(path: string): Checkpointer {
  const db = new Database(path, { readOnly: false });
  db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_autocheckpoint = 0');
  const passive = db.prepare<{ readonly log: number }>('PRAGMA wal_checkpoint(PASSIVE)');
  return {
    checkpoint: async () => passive.get()?.log ?? 0,
    stop: async () => db.close(),
  };
}
