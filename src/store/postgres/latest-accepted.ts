import type { AcceptedResult } from '../../model.js';
import { keysOf } from '../file-key.js';
import { byteas, int8s } from './arrays.js';
import type { Session, Statement } from './database.js';

interface Found {
  readonly at: number;
  readonly id: number;
  readonly digest: Uint8Array;
  readonly arrivedAt: number | null;
}

/** `id + 0` keeps it from going back through all sightings by their id until a file turns up. */
const LATEST: Statement<Found> = {
  name: 'latest_accepted',
  text: `SELECT asked.at, found.id, found.digest,
                  (SELECT received_at FROM events e WHERE e.id = found.event_id) AS "arrivedAt"
           FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) WITH ORDINALITY AS asked (first, "end", subject, at)
          CROSS JOIN LATERAL (
            SELECT id, event_id, digest FROM sightings
             WHERE accepted AND key >= asked.first AND key < asked."end" AND subject = asked.subject
             ORDER BY id + 0 DESC LIMIT 1) found`,
};

/** The result that was accepted last for each file, whatever it is. Only asked where a source infers edits. */
export async function findLatest(
  session: Pick<Session, 'query'>,
  files: readonly (readonly Uint8Array[])[],
): Promise<readonly (AcceptedResult | null)[]> {
  const subjects = files.flat();
  if (subjects.length === 0) return files.map(() => null);
  const keys = subjects.map(keysOf);
  const rows = await session.query(
    LATEST,
    int8s(keys.map(({ first }) => first)),
    int8s(keys.map(({ end }) => end)),
    byteas(subjects),
  );
  const found = new Map(rows.map((row) => [row.at, row]));
  let at = 0;
  return files.map((each): AcceptedResult | null => {
    let latest: (Found & { readonly subject: number }) | null = null;
    for (const subject of each.keys()) {
      at++;
      const accepted = found.get(at);
      if (accepted && (latest === null || accepted.id > latest.id)) latest = { subject, ...accepted };
    }
    return latest && { subject: latest.subject, digest: latest.digest, arrivedAt: latest.arrivedAt };
  });
}
