import { int8s, texts } from './arrays.js';
import { chooseHeads, type Head } from './choose-heads.js';
import type { Session, Statement } from './database.js';
import { firstOfNextDay, numberOf } from './ids.js';
import { text } from './values.js';

/** Lines that one claim looks at: the next one goes on behind them, so that none is left out for ever. */
const LINES = 500;

/**
 * What may turn up in any line is not before this: a webhook that waits for conversion, or a delivery for its keys. In
 * each day the first of the inbox has the lowest number, so that a look at each day is enough.
 */
const BARRIER: Statement<{ barrier: number | null }> = {
  name: 'barrier',
  text: `WITH RECURSIVE firsts (id) AS (
           (SELECT webhook_id FROM inbox ORDER BY webhook_id LIMIT 1)
           UNION ALL
           SELECT next.id FROM firsts, LATERAL (
             SELECT webhook_id AS id FROM inbox WHERE webhook_id >= ${firstOfNextDay('firsts.id')}
              ORDER BY webhook_id LIMIT 1) next
         )
         SELECT least((SELECT min(${numberOf('id')}) FROM firsts),
                      (SELECT position FROM unkeyed_deliveries WHERE destination = $1
                        ORDER BY position LIMIT 1)) AS barrier`,
};

/** Lines of which something is being sent; null: of which it is not known yet what it is in line with. */
const BUSY: Statement<{ key: string | null }> = {
  name: 'busy_lines',
  text: `SELECT k.order_key AS key
           FROM outbox o LEFT JOIN delivery_keys k ON k.delivery_id = o.delivery_id
          WHERE o.state = 'sending' AND o.destination = $1`,
};

/** Goes from one line to the next in the index, past all that wait in it. */
const NEXT_LINES: Statement<{ key: string }> = {
  name: 'next_lines',
  text: `WITH RECURSIVE lines (key, place) AS (
           (SELECT order_key, 1 FROM delivery_keys WHERE destination = $1 AND order_key > $2
             ORDER BY order_key LIMIT 1)
           UNION ALL
           SELECT next.key, lines.place + 1 FROM lines, LATERAL (
             SELECT order_key AS key FROM delivery_keys WHERE destination = $1 AND order_key > lines.key
              ORDER BY order_key LIMIT 1) next
            WHERE lines.place < $3
         )
         SELECT key FROM lines ORDER BY place`,
};

/**
 * What comes first in each line of those that have not ended; what has, before it, is taken out on the way. OFFSET 0 keeps
 * PostgreSQL to one look along the index for each line, whatever it takes the tables for: it would rather read all lines
 * of the destination once, or all dead letters.
 */
const HEADS: Statement<Head & { key: string; dead: number | null }> = {
  name: 'heads_of_lines',
  text: `WITH heads AS MATERIALIZED (
           SELECT l.key, h.position, h.delivery_id, h.state, h.due_at
             FROM unnest($2::text[]) l (key) LEFT JOIN LATERAL (
               SELECT k.position, k.delivery_id, o.state, o.due_at
                 FROM delivery_keys k, LATERAL (
                   SELECT state, due_at FROM outbox WHERE delivery_id = k.delivery_id OFFSET 0) o
                WHERE k.destination = $1 AND k.order_key = l.key
                ORDER BY k.position, k.delivery_id LIMIT 1) h ON true
         ), ended AS (
           DELETE FROM delivery_keys WHERE ctid = ANY (ARRAY(
             SELECT k.at FROM heads h, LATERAL (
               SELECT ctid AS at FROM delivery_keys
                WHERE destination = $1 AND order_key = h.key
                  AND (position, delivery_id)
                      < (coalesce(h.position, ${Number.MAX_SAFE_INTEGER}), coalesce(h.delivery_id, 0))
               OFFSET 0) k))
           RETURNING order_key AS key, position, delivery_id
         ), dead AS MATERIALIZED (
           SELECT DISTINCT ON (e.key) e.key, e.delivery_id
             FROM ended e, LATERAL (SELECT state FROM deliveries WHERE id = e.delivery_id OFFSET 0) d
            WHERE d.state = 'dead' ORDER BY e.key, e.position DESC, e.delivery_id DESC
         )
         SELECT h.key, h.position, h.delivery_id AS id, h.state, h.due_at AS "dueAt", dead.delivery_id AS dead
           FROM heads h LEFT JOIN dead ON dead.key = h.key WHERE h.delivery_id IS NOT NULL`,
};

/** A delivery has keys of one destination alone. */
const KEYS: Statement<{ id: number; key: string }> = {
  name: 'keys_of_deliveries',
  text: `SELECT k.delivery_id AS id, k.order_key AS key
           FROM unnest($1::bigint[]) g (id) JOIN delivery_keys k ON k.delivery_id = g.id`,
};

const PASS_DEAD: Statement<never> = {
  name: 'pass_dead_letters',
  text: `WITH given AS MATERIALIZED (
           SELECT * FROM unnest($1::bigint[], $2::bigint[]) g (id, dead)
         ), waiting AS (
           UPDATE outbox o SET after_dead = g.dead FROM given g WHERE o.delivery_id = g.id
         )
         UPDATE deliveries d SET after_dead = g.dead FROM given g WHERE d.id = g.id`,
};

/** What comes first in the lines of destinations that are in order. All of it only for who has the destination's row. */
export class Lines {
  /** Where the last claim of each destination ended. */
  readonly #reached = new Map<string, string>();

  /** Deliveries that are due and come first in each of their lines, while nothing else of these is being sent. */
  async heads(session: Session, destination: string, limit: number, now: number): Promise<readonly number[]> {
    const name = text(destination);
    // First of all: what is converted or gets its keys from now on was not before it.
    const [[front], busyRows, keys] = await Promise.all([
      session.query(BARRIER, name),
      session.query(BUSY, name),
      nextLines(session, name, this.#reached.get(destination) ?? ''),
    ]);
    const busy = new Set(busyRows.map(({ key }) => key));
    if (busy.has(null)) return [];
    const heads = await headsOf(session, name, keys);
    const barrier = front?.barrier ?? Number.POSITIVE_INFINITY;
    const isReady = ({ position, state, dueAt }: Head): boolean =>
      state === 'pending' && dueAt <= now && position < barrier;
    const ready = keys.filter((key) => !busy.has(key) && isReady(heads.get(key) ?? NONE));
    const ids = new Set(ready.map((key) => heads.get(key)?.id ?? 0));
    const lines = await linesOf(session, [...ids]);
    const elsewhere = [...new Set([...lines.values()].flat())].filter((key) => !heads.has(key));
    for (const [key, head] of await headsOf(session, name, elsewhere)) heads.set(key, head);
    const chosen = chooseHeads({ ready, heads, lines, busy, limit });
    this.#reached.set(destination, chosen.full ? chosen.last : (keys.at(-1) ?? ''));
    return chosen.ids;
  }
}

const NONE: Head = { id: 0, position: 0, state: 'sending', dueAt: 0 };

/** From where the last claim ended, round to there again. */
async function nextLines(session: Session, name: string, reached: string): Promise<readonly string[]> {
  const behind = await session.query(NEXT_LINES, name, reached, LINES);
  const left = LINES - behind.length;
  const before = left === 0 || reached === '' ? [] : await session.query(NEXT_LINES, name, '', left);
  return [...new Set([...behind, ...before].map(({ key }) => key))];
}

async function headsOf(session: Session, name: string, keys: readonly string[]): Promise<Map<string, Head>> {
  if (keys.length === 0) return new Map();
  const rows = await session.query(HEADS, name, texts(keys));
  const passed = new Map(rows.flatMap(({ id, dead }) => (dead === null ? [] : [[id, dead] as const])));
  if (passed.size > 0) session.send(PASS_DEAD, int8s([...passed.keys()]), int8s([...passed.values()]));
  return new Map(rows.map(({ key, dead: _, ...head }) => [key, head]));
}

async function linesOf(session: Session, ids: readonly number[]): Promise<Map<number, string[]>> {
  const lines = new Map<number, string[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return lines;
  for (const { id, key } of await session.query(KEYS, int8s(ids))) lines.get(id)?.push(key);
  return lines;
}
