import { cut, MAX_ERROR } from '../bounds.js';
import type { Backlog, DestinationVerbs } from '../destination-verbs.js';
import { hasArrived, isUnderWay, sparedReason } from '../replay-rules.js';
import { int8s } from './arrays.js';
import type { Database, Session, Statement } from './database.js';
import { type Destinations, inOrder } from './destinations.js';
import { enrollAgain } from './line-keys.js';
import { LOCK, lockAlone, lockShared } from './locks.js';
import { Standings } from './standings.js';
import { fromText, text } from './values.js';

/** Goes from one destination to the next in the index, past all that lies between; what is being sent is little. */
const LIST: Statement<Backlog> = {
  name: 'backlogs',
  text: `WITH RECURSIVE names (name) AS (
           (SELECT destination FROM outbox WHERE state = 'pending' ORDER BY destination LIMIT 1)
           UNION ALL
           SELECT next.name FROM names, LATERAL (
             SELECT destination AS name FROM outbox WHERE state = 'pending' AND destination > names.name
              ORDER BY destination LIMIT 1) next
         ), waiting AS (
           SELECT n.name AS destination, counted.count, counted.oldest
             FROM names n, LATERAL (
               SELECT count(*) AS count, min(o.created_at) AS oldest
                 FROM (SELECT created_at FROM outbox WHERE state = 'pending' AND destination = n.name
                        ORDER BY due_at, number LIMIT $1) o) counted
           UNION ALL
           SELECT destination, count(*), min(created_at) FROM outbox WHERE state = 'sending' GROUP BY destination
         )
         SELECT destination, sum(count)::bigint AS count, min(oldest) AS "oldestAt"
           FROM waiting GROUP BY destination ORDER BY destination`,
};

interface Waiting {
  readonly id: number;
  readonly eventId: number;
}

const WAITING: Statement<Waiting> = {
  name: 'take_waiting',
  text: `SELECT delivery_id AS id, event_id AS "eventId" FROM outbox
          WHERE destination = $1 AND state = 'pending' ORDER BY due_at, number LIMIT $2 FOR UPDATE`,
};

const MORE: Statement<unknown> = {
  name: 'more_waiting',
  text: `SELECT 1 FROM outbox WHERE destination = $1 AND state = 'pending' LIMIT 1 OFFSET $2`,
};

/** In the order of the index that holds dead letters alone: unsorted, all deliveries might be read. */
const DEAD: Statement<Pick<Waiting, 'id'>> = {
  name: 'take_dead',
  text: `SELECT id FROM deliveries WHERE destination = $1 AND state = 'dead'
          ORDER BY created_at, id LIMIT $2 FOR UPDATE`,
};

const GIVE_UP: Statement<never> = {
  name: 'give_up',
  text: `WITH left_outbox AS (
           DELETE FROM outbox o USING unnest($1::bigint[]) g (id) WHERE o.delivery_id = g.id
         )
         UPDATE deliveries d SET state = 'discarded', ended_at = $2, reason = $3 FROM unnest($1::bigint[]) g (id) WHERE d.id = g.id`,
};

const MOVE: Statement<never> = {
  name: 'move_deliveries',
  text: `WITH waiting AS (
           UPDATE outbox o SET destination = $2, mode = $4, whole = o.whole OR g.whole = 1, due_at = $3, after_dead = NULL,
                               lined = ${inOrder('$2')}
             FROM unnest($1::bigint[], $5::bigint[]) g (id, whole) WHERE o.delivery_id = g.id
         )
         UPDATE deliveries d SET destination = $2, mode = $4, after_dead = NULL FROM unnest($1::bigint[]) g (id) WHERE d.id = g.id`,
};

/** What waits for destinations: how much, and an end to it. */
export class Backlogs {
  constructor(
    private readonly db: Database,
    private readonly destinations: Destinations,
  ) {}

  async list(limit: number): Promise<readonly Backlog[]> {
    const rows = await this.db.query(LIST, limit);
    return rows.map((row) => ({ ...row, destination: fromText(row.destination) }));
  }

  discard({ destination, reason, now, limit }: Parameters<DestinationVerbs['discardBacklog']>[0]) {
    return this.db.transaction(async (session) => {
      const waiting = await takeWaiting(session, destination, limit);
      const left = limit - waiting.length;
      const dead = left > 0 ? await session.query(DEAD, text(destination), left) : [];
      giveUp(session, [...waiting, ...dead], reason, now);
      return waiting.length + dead.length;
    });
  }

  /** One at a time, and no replay meanwhile, so that each sees what the other has made of an event. */
  move({
    destination,
    to,
    mode,
    oncePerWebhook,
    now,
    limit,
  }: Parameters<DestinationVerbs['moveBacklog']>[0]) {
    return this.db.transaction(async (session) => {
      lockAlone(session, LOCK.replay);
      lockShared(session, LOCK.order);
      // Nothing of it gets its keys meanwhile: they would stay behind.
      await this.destinations.lockIfThere(session, destination);
      const waiting = await takeWaiting(session, destination, limit);
      const standings = await Standings.lookUp(
        session,
        waiting.map(({ eventId }) => eventId),
      );
      const moved = waiting.filter(({ id, eventId }) => {
        const latest = standings.latest({ eventId, destination: to, oncePerWebhook });
        if (isUnderWay(latest) || hasArrived(latest, mode)) return false;
        standings.note(eventId, to, { id, mode, state: 'pending' });
        return true;
      });
      const spared = waiting.filter((each) => !moved.includes(each));
      const ids = moved.map(({ id }) => id);
      const whole = moved.map(({ eventId }) => standings.isWhole({ eventId, oncePerWebhook }));
      session.send(MOVE, int8s(ids), text(to), now, mode, int8s(whole.map(Number)));
      enrollAgain(session, ids);
      giveUp(session, spared, sparedReason(to), now);
      return { moved: moved.length, spared: spared.length };
    });
  }
}

/** The longest due first. Fewer than the limit only where no more wait, also where others claim some meanwhile. */
async function takeWaiting(
  session: Session,
  destination: string,
  limit: number,
): Promise<readonly Waiting[]> {
  for (;;) {
    const waiting = await session.query(WAITING, text(destination), limit);
    if (waiting.length === limit) return waiting;
    if ((await session.query(MORE, text(destination), waiting.length)).length === 0) return waiting;
  }
}

function giveUp(
  session: Session,
  waiting: readonly Pick<Waiting, 'id'>[],
  reason: string,
  now: number,
): void {
  if (waiting.length === 0) return;
  session.send(GIVE_UP, int8s(waiting.map(({ id }) => id)), now, text(cut(reason, MAX_ERROR)));
}
