import type { OrderedBy } from '../../model.js';
import { CLAIM_SIZE } from '../bounds.js';
import type { DestinationVerbs, UnkeyedDelivery } from '../destination-verbs.js';
import { int8s, texts } from './arrays.js';
import { CONTENTS, type ContentsRow, contentsOf } from './contents.js';
import type { Database, Session, Statement } from './database.js';
import { type Destinations, inOrder } from './destinations.js';
import { numberOf } from './ids.js';
import { LOCK, lockAlone } from './locks.js';
import { text } from './values.js';

/** What waits at a destination is given out by lines from now on, or no longer. Two states, each with its index. */
const RESTART: Statement<never> = {
  name: 'restart_lines',
  text: `WITH cleared AS (
           DELETE FROM unkeyed_deliveries WHERE destination = $1
         ), left_lines AS (
           DELETE FROM delivery_keys WHERE destination = $1
         )
         UPDATE outbox SET lined = $2
          WHERE delivery_id IN (SELECT delivery_id FROM outbox WHERE state = 'pending' AND destination = $1
                                UNION ALL
                                SELECT delivery_id FROM outbox WHERE state = 'sending' AND destination = $1)`,
};

const ENROLL: Statement<never> = {
  name: 'enroll_waiting',
  text: `INSERT INTO unkeyed_deliveries (destination, position, delivery_id)
         SELECT destination, ${numberOf('webhook_id')}, delivery_id FROM outbox
          WHERE state = 'pending' AND destination = $1
         UNION ALL
         SELECT destination, ${numberOf('webhook_id')}, delivery_id FROM outbox
          WHERE state = 'sending' AND destination = $1`,
};

/** Deliveries that have another destination now. */
const ENROLL_THESE: Statement<never> = {
  name: 'enroll_these',
  text: `WITH left_keyless AS (
           DELETE FROM unkeyed_deliveries u USING unnest($1::bigint[]) g (id) WHERE u.delivery_id = g.id
         ), left_lines AS (
           DELETE FROM delivery_keys k USING unnest($1::bigint[]) g (id) WHERE k.delivery_id = g.id
         )
         INSERT INTO unkeyed_deliveries (destination, position, delivery_id)
         SELECT o.destination, ${numberOf('o.webhook_id')}, o.delivery_id
           FROM unnest($1::bigint[]) g (id) JOIN outbox o ON o.delivery_id = g.id
          WHERE ${inOrder('o.destination')}`,
};

/** What has ended meanwhile is in line as well, until someone comes across it. */
const UNKEYED: Statement<ContentsRow> = {
  name: 'unkeyed',
  text: `SELECT * FROM (
           SELECT d.id, coalesce(o.whole, true) AS whole, ${CONTENTS}, u.position,
                  sum(s.size) OVER (ORDER BY u.position, u.delivery_id) - s.size AS before
             FROM (SELECT position, delivery_id FROM unkeyed_deliveries
                    WHERE destination = $1 ORDER BY position, delivery_id LIMIT $2) u
             JOIN deliveries d ON d.id = u.delivery_id JOIN events e ON e.id = d.event_id
             JOIN webhooks w ON w.id = e.webhook_id LEFT JOIN outbox o ON o.delivery_id = d.id,
             LATERAL (SELECT octet_length(w.body) + coalesce(octet_length(e.body), 0) AS size) s) unkeyed
          WHERE before < ${CLAIM_SIZE} ORDER BY position, id`,
};

const ENTER: Statement<{ count: number }> = {
  name: 'enter_lines',
  text: `WITH given AS MATERIALIZED (
           SELECT * FROM unnest($2::bigint[], $3::text[]) g (id, key)
         ), entered AS (
           DELETE FROM unkeyed_deliveries WHERE ctid = ANY (ARRAY(
             SELECT u.at FROM given g, LATERAL (
               SELECT ctid AS at, destination FROM unkeyed_deliveries WHERE delivery_id = g.id OFFSET 0) u
              WHERE u.destination = $1))
           RETURNING delivery_id, position
         ), placed AS (
           INSERT INTO delivery_keys (destination, order_key, position, delivery_id)
           SELECT $1, g.key, e.position, e.delivery_id FROM entered e JOIN given g ON g.id = e.delivery_id
           ON CONFLICT DO NOTHING
         )
         SELECT count(*) AS count FROM entered`,
};

/** Deliveries in order: which lines each is in. */
export class LineKeys {
  constructor(
    private readonly db: Database,
    private readonly destinations: Destinations,
  ) {}

  /** Whoever puts deliveries down meanwhile waits, and then sees it; whoever claims in turn waits as well. */
  async setOrder(destination: string, by: OrderedBy | null): Promise<boolean> {
    if ((await this.destinations.look(destination, 0)).holds[3] === by) return false;
    return this.db.transaction(async (session) => {
      lockAlone(session, LOCK.order);
      const [, , , ordered] = await this.destinations.lock(session, destination);
      if (ordered === by) return false;
      this.destinations.setOrder(session, destination, by);
      session.send(RESTART, text(destination), by !== null);
      if (by !== null) session.send(ENROLL, text(destination));
      return true;
    });
  }

  async unkeyed({
    destination,
    limit,
  }: Parameters<DestinationVerbs['listUnkeyed']>[0]): Promise<readonly UnkeyedDelivery[]> {
    const rows = await this.db.query(UNKEYED, text(destination), limit);
    return rows.map(contentsOf);
  }

  async key({ destination, by, deliveries }: Parameters<DestinationVerbs['keyDeliveries']>[0]) {
    if (deliveries.length === 0) return 0;
    const pairs = deliveries.flatMap(({ deliveryId, keys }) => keys.map((key) => ({ deliveryId, key })));
    return this.db.transaction(async (session) => {
      const [, , , ordered] = await this.destinations.lock(session, destination);
      if (ordered !== by) return 0;
      const [row] = await session.query(
        ENTER,
        text(destination),
        int8s(pairs.map(({ deliveryId }) => deliveryId)),
        texts(pairs.map(({ key }) => text(key))),
      );
      return row?.count ?? 0;
    });
  }
}

/** Takes deliveries out of the lines that they are in; they need their keys anew where they are in order now. */
export const enrollAgain = (session: Session, ids: readonly number[]): void =>
  session.send(ENROLL_THESE, int8s(ids));
