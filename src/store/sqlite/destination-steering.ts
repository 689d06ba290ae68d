import type { DestinationVerbs } from '../destination-verbs.js';
import type { Store } from '../store.js';
import { Backlogs } from './backlogs.js';
import { Claims } from './claims.js';
import type { Deliveries } from './deliveries.js';
import { Destinations } from './destinations.js';
import type { Database } from './driver.js';
import type { Idle } from './group-commit.js';
import type { Lines } from './lines.js';
import type { Replay } from './replay.js';

/** The verbs of the store that hold, limit and order what goes to a destination. */
export function destinationSteering({
  db,
  deliveries,
  lines,
  replay,
  write,
  read,
}: {
  readonly db: Database;
  readonly deliveries: Deliveries;
  readonly lines: Lines;
  readonly replay: Replay;
  readonly write: <T>(run: () => T, idle?: Idle<T>) => Promise<T>;
  readonly read: <T>(run: () => T) => Promise<T>;
}): DestinationVerbs & Pick<Store, 'claimDeliveries'> {
  const destinations = new Destinations(db);
  const claims = new Claims(destinations, deliveries, lines);
  const backlogs = new Backlogs(db, replay, lines);
  return {
    claimDeliveries: (request) =>
      write(() => claims.claim(request), { when: () => claims.none(request), result: [] }),
    pauseDestination: (request) => write(() => destinations.pause(request)),
    resumeDestination: (destination, now) =>
      write(() => {
        const held = destinations.resume(destination, now);
        deliveries.lineUp(destination, now);
        return held;
      }),
    openBreaker: (request) => write(() => destinations.open(request)),
    closeBreaker: (destination) =>
      write(() => destinations.close(destination), {
        when: () => destinations.holds(destination)[1] === null,
        result: false,
      }),
    destinationStates: () => read(() => destinations.states()),
    listBacklogs: (limit) => read(() => backlogs.list(limit)),
    discardBacklog: (request) => write(() => backlogs.discard(request)),
    moveBacklog: (request) => write(() => backlogs.move(request)),
    setOrder: (destination, by) => {
      const isSet = () => destinations.holds(destination)[3] === by;
      return write(
        () => {
          if (isSet()) return false;
          destinations.setOrder(destination, by);
          lines.restart(destination, by);
          return true;
        },
        { when: isSet, result: false },
      );
    },
    listUnkeyed: (request) => read(() => lines.unkeyed(request)),
    keyDeliveries: ({ destination, by, deliveries: keyed }) =>
      write(() =>
        destinations.holds(destination)[3] === by ? lines.key({ destination, deliveries: keyed }) : 0,
      ),
  };
}
