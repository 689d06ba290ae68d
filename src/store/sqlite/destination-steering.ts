import type { OrderedBy } from '../../model.js';
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
export abstract class DestinationSteering implements DestinationVerbs, Pick<Store, 'claimDeliveries'> {
  readonly #deliveries: Deliveries;
  readonly #lines: Lines;
  readonly #destinations: Destinations;
  readonly #claims: Claims;
  readonly #backlogs: Backlogs;

  constructor({
    db,
    deliveries,
    lines,
    replay,
  }: {
    readonly db: Database;
    readonly deliveries: Deliveries;
    readonly lines: Lines;
    readonly replay: Replay;
  }) {
    this.#deliveries = deliveries;
    this.#lines = lines;
    this.#destinations = new Destinations(db);
    this.#claims = new Claims(this.#destinations, deliveries, lines);
    this.#backlogs = new Backlogs(db, replay, lines);
  }

  /** In a transaction. */
  protected abstract write<T>(run: () => T, idle?: Idle<T>): Promise<T>;
  /** What is committed, at once. */
  protected abstract read<T>(run: () => T): Promise<T>;

  claimDeliveries(request: Parameters<Store['claimDeliveries']>[0]) {
    return this.write(() => this.#claims.claim(request), {
      when: () => this.#claims.none(request),
      result: [],
    });
  }

  pauseDestination(request: Parameters<Store['pauseDestination']>[0]) {
    return this.write(() => this.#destinations.pause(request));
  }

  resumeDestination(destination: string, now: number) {
    return this.write(() => {
      const held = this.#destinations.resume(destination, now);
      this.#deliveries.lineUp(destination, now);
      return held;
    });
  }

  openBreaker(request: Parameters<Store['openBreaker']>[0]) {
    return this.write(() => this.#destinations.open(request));
  }

  closeBreaker(destination: string) {
    return this.write(() => this.#destinations.close(destination), {
      when: () => this.#destinations.holds(destination)[1] === null,
      result: false,
    });
  }

  destinationStates() {
    return this.read(() => this.#destinations.states());
  }

  listBacklogs(limit: number) {
    return this.read(() => this.#backlogs.list(limit));
  }

  discardBacklog(request: Parameters<Store['discardBacklog']>[0]) {
    return this.write(() => this.#backlogs.discard(request));
  }

  moveBacklog(request: Parameters<Store['moveBacklog']>[0]) {
    return this.write(() => this.#backlogs.move(request));
  }

  setOrder(destination: string, by: OrderedBy | null) {
    const isSet = () => this.#destinations.holds(destination)[3] === by;
    return this.write(
      () => {
        if (isSet()) return false;
        this.#destinations.setOrder(destination, by);
        this.#lines.restart(destination, by);
        return true;
      },
      { when: isSet, result: false },
    );
  }

  listUnkeyed(request: Parameters<Store['listUnkeyed']>[0]) {
    return this.read(() => this.#lines.unkeyed(request));
  }

  keyDeliveries({ destination, by, deliveries }: Parameters<Store['keyDeliveries']>[0]) {
    return this.write(() =>
      this.#destinations.holds(destination)[3] === by ? this.#lines.key({ destination, deliveries }) : 0,
    );
  }
}
