import type { DestinationVerbs } from '../destination-verbs.js';
import type { Store } from '../store.js';
import { Backlogs } from './backlogs.js';
import { Claims } from './claims.js';
import type { Database } from './database.js';
import type { Deliveries } from './deliveries.js';
import { Destinations } from './destinations.js';
import type { Frontiers } from './frontiers.js';
import type { Hints } from './hints.js';
import { LineKeys } from './line-keys.js';
import { Lines } from './lines.js';

/** The verbs of the store that hold, limit and order what goes to a destination. */
export function destinationSteering({
  db,
  deliveries,
  frontiers,
  hints,
  write,
  read,
}: {
  readonly db: Database;
  readonly deliveries: Deliveries;
  readonly frontiers: Frontiers;
  readonly hints: Hints;
  readonly write: <T>(run: () => Promise<T>) => Promise<T>;
  readonly read: <T>(run: () => Promise<T>) => Promise<T>;
}): DestinationVerbs & Pick<Store, 'claimDeliveries'> {
  const destinations = new Destinations(db);
  const claims = new Claims(db, destinations, new Lines(), frontiers);
  const lineKeys = new LineKeys(db, destinations);
  const backlogs = new Backlogs(db, destinations);
  return {
    claimDeliveries: (request) => write(() => claims.claim(request)),
    pauseDestination: (request) => write(() => destinations.pause(request)),
    resumeDestination: async (destination, now) => {
      const held = await write(() =>
        db.transaction(async (session) => {
          const resumed = await destinations.resume(session, destination, now);
          await deliveries.lineUp(destination, now, session);
          return resumed;
        }),
      );
      frontiers.reset();
      if (held) hints.give('deliveries');
      return held;
    },
    openBreaker: (request) => write(() => destinations.open(request)),
    closeBreaker: (destination) => write(() => destinations.close(destination)),
    destinationStates: () => read(() => destinations.states()),
    listBacklogs: (limit) => read(() => backlogs.list(limit)),
    discardBacklog: (request) => write(() => backlogs.discard(request)),
    moveBacklog: async (request) => {
      const done = await write(() => backlogs.move(request));
      frontiers.reset();
      if (done.moved > 0) hints.give('deliveries');
      return done;
    },
    setOrder: (destination, by) => write(() => lineKeys.setOrder(destination, by)),
    listUnkeyed: (request) => read(() => lineKeys.unkeyed(request)),
    keyDeliveries: (request) => write(() => lineKeys.key(request)),
  };
}
