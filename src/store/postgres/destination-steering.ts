import type { OrderedBy } from '../../model.js';
import type { DestinationVerbs } from '../destination-verbs.js';
import type { Store } from '../store.js';
import { Backlogs } from './backlogs.js';
import { Claims } from './claims.js';
import type { Database } from './database.js';
import type { Deliveries } from './deliveries.js';
import { Destinations } from './destinations.js';
import type { Frontiers } from './frontiers.js';
import { LineKeys } from './line-keys.js';
import { Lines } from './lines.js';

/** The verbs of the store that hold, limit and order what goes to a destination. */
export abstract class DestinationSteering implements DestinationVerbs, Pick<Store, 'claimDeliveries'> {
  readonly #db: Database;
  readonly #deliveries: Deliveries;
  readonly #destinations: Destinations;
  readonly #claims: Claims;
  readonly #lineKeys: LineKeys;
  readonly #backlogs: Backlogs;

  constructor(
    db: Database,
    deliveries: Deliveries,
    private readonly frontiers: Frontiers,
  ) {
    this.#db = db;
    this.#deliveries = deliveries;
    this.#destinations = new Destinations(db);
    this.#claims = new Claims(db, this.#destinations, new Lines(), frontiers);
    this.#lineKeys = new LineKeys(db, this.#destinations);
    this.#backlogs = new Backlogs(db, this.#destinations);
  }

  protected abstract write<T>(run: () => Promise<T>): Promise<T>;
  protected abstract read<T>(run: () => Promise<T>): Promise<T>;
  /** Tells other instances that there may be something to send. */
  protected abstract hintDeliveries(): void;

  claimDeliveries(request: Parameters<Store['claimDeliveries']>[0]) {
    return this.write(() => this.#claims.claim(request));
  }

  pauseDestination(request: Parameters<Store['pauseDestination']>[0]) {
    return this.write(() => this.#destinations.pause(request));
  }

  async resumeDestination(destination: string, now: number) {
    const held = await this.write(() =>
      this.#db.transaction(async (session) => {
        const resumed = await this.#destinations.resume(session, destination, now);
        await this.#deliveries.lineUp(destination, now, session);
        return resumed;
      }),
    );
    this.frontiers.reset();
    if (held) this.hintDeliveries();
    return held;
  }

  openBreaker(request: Parameters<Store['openBreaker']>[0]) {
    return this.write(() => this.#destinations.open(request));
  }

  closeBreaker(destination: string) {
    return this.write(() => this.#destinations.close(destination));
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

  async moveBacklog(request: Parameters<Store['moveBacklog']>[0]) {
    const done = await this.write(() => this.#backlogs.move(request));
    this.frontiers.reset();
    if (done.moved > 0) this.hintDeliveries();
    return done;
  }

  setOrder(destination: string, by: OrderedBy | null) {
    return this.write(() => this.#lineKeys.setOrder(destination, by));
  }

  listUnkeyed(request: Parameters<Store['listUnkeyed']>[0]) {
    return this.read(() => this.#lineKeys.unkeyed(request));
  }

  keyDeliveries(request: Parameters<Store['keyDeliveries']>[0]) {
    return this.write(() => this.#lineKeys.key(request));
  }
}
