import { isDeepStrictEqual } from 'node:util';
import type { Config, DestinationConfig } from '../config/config.js';
import { createTakes, type Meets } from '../convert/route.js';
import { within } from '../patience.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import { VERSION } from '../version.js';
import { createCompose } from './compose.js';
import { tryAtOnce } from './holds.js';
import { type Lane, type LaneOptions, type OnAttempt, startLane } from './lane.js';
import { createLoads } from './load.js';
import { createOrphans } from './orphans.js';
import { repeat } from './repeat.js';
import { leaseFor } from './slots.js';
import { createTrouble } from './trouble.js';
import { createTurns } from './turns.js';
import { startWatch } from './watch.js';

/** Expired leases, and what holds destinations, are looked for once in so many polls. */
const POLLS_PER_SWEEP = 5;

export interface Dispatcher {
  /** Says that there may be work: a hint, polling is the truth. */
  wake(destination?: string): void;
  /** When the destination that has been still for the longest last claimed, or was busy with all its slots. */
  lastMoved(): number;
  /**
   * Goes on with another configuration. A destination that changed finishes what is on its way first; what waits for
   * one that is gone stays in the store.
   */
  configure(config: DispatcherConfig): void;
  /**
   * Claims no more, waits up to `grace` milliseconds for requests under way, hands back what is left, and closes the
   * connections. Done within a few seconds of the grace time, whatever the store does.
   */
  stop(grace: number): Promise<void>;
}

export type DispatcherConfig = Pick<Config, 'sources' | 'destinations'>;

/** Sends what is due to each destination, until it is stopped. */
export function startDispatcher(options: {
  readonly config: DispatcherConfig;
  readonly store: LaneOptions['store'] & Pick<Store, 'releaseExpired' | 'destinationStates' | 'listBacklogs'>;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly meets: Meets;
  /** Who is told of the attempts at a destination. */
  readonly attempts: (destination: string) => OnAttempt;
  readonly now: () => number;
  readonly random: () => number;
  readonly pollInterval: number;
}): Dispatcher {
  const { store, log, now, random, pollInterval } = options;
  const trouble = {
    claim: createTrouble(log, 'claiming deliveries'),
    split: createTrouble(log, 'making a delivery of each event of a webhook'),
    settle: createTrouble(log, 'recording outcomes'),
    hold: createTrouble(log, 'recording that destinations are down'),
  };
  const createLoad = createLoads();
  const turns = createTurns();
  const lanes = new Map<string, Lane>();
  const ending = new Map<string, { readonly lane: Lane; readonly ended: Promise<void> }>();
  let current: DispatcherConfig = { sources: [], destinations: [] };
  let stopping = false;

  const wantedOf = (name: string): DestinationConfig | undefined =>
    current.destinations.find((destination) => destination.name === name);
  const orphans = createOrphans({
    store,
    log,
    isConfigured: (name) => wantedOf(name) !== undefined,
    firstBackoff: pollInterval,
  });

  const wake = (destination?: string): void => {
    if (destination !== undefined) lanes.get(destination)?.wake();
    else for (const lane of lanes.values()) lane.wake();
  };
  const start = (destination: DestinationConfig): void => {
    const compose = createCompose(current.sources, VERSION);
    const onAttempt = options.attempts(destination.name);
    const lane = startLane({
      destination,
      compose,
      load: createLoad(),
      turns,
      takes: (...asked) => createTakes(current.destinations, options.meets)(...asked),
      store,
      log,
      trouble,
      onAttempt,
      now,
      random,
      pollInterval,
    });
    lanes.set(destination.name, lane);
    orphans.forget(destination.name);
  };
  /** The wanted one of the name, once the one before has ended. */
  const startWanted = (name: string): void => {
    const wanted = wantedOf(name);
    if (wanted !== undefined && !stopping && !lanes.has(name) && !ending.has(name)) start(wanted);
  };
  const end = (name: string, lane: Lane, grace: number): void => {
    lanes.delete(name);
    const ended = lane.stop(grace).then(async () => {
      // It was changed, perhaps so that it works again: the next probe need not wait.
      await tryAtOnce(store, name, now()).catch(trouble.hold.failed);
      ending.delete(name);
      startWanted(name);
      // Not before, for what was being sent may have arrived.
      if (wantedOf(name) === undefined) orphans.look();
    });
    ending.set(name, { lane, ended });
  };
  const configure = (next: DispatcherConfig): void => {
    const before = current;
    current = next;
    const sameSources = isDeepStrictEqual(before.sources, next.sources);
    for (const destination of before.destinations) {
      const { name, timeout } = destination;
      const lane = lanes.get(name);
      const wanted = next.destinations.find((each) => each.name === name);
      if (lane !== undefined && !(sameSources && isDeepStrictEqual(wanted, destination)))
        end(name, lane, timeout);
    }
    for (const { name } of next.destinations) startWanted(name);
  };
  configure(options.config);
  orphans.look();
  const interval = pollInterval * POLLS_PER_SWEEP;
  const sweep = startSweep({ store, log, now, interval, onReleased: wake });
  const watch = startWatch({
    store,
    log,
    now,
    interval,
    longestOpen: (name) => {
      const destination = wantedOf(name);
      // While it is tried it is open for as long as the lease.
      return destination === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(destination.breaker.cooldown, leaseFor(destination));
    },
    onHeld: (destination) => lanes.get(destination)?.hold(),
    onResumed: wake,
  });

  return {
    wake,
    lastMoved: () => Math.min(now(), ...[...lanes.values()].map((lane) => lane.lastMoved())),
    configure,
    stop: async (grace) => {
      stopping = true;
      const before = [...ending.values()];
      // Those that are ending already had more time.
      const parts = [...lanes.values(), ...before.map(({ lane }) => lane)].map((lane) => lane.stop(grace));
      const rest = [...before.map(({ ended }) => ended), sweep.stop(), watch.stop(), orphans.stop()];
      await Promise.all([...parts, ...rest.map((each) => within(grace, each))]);
    },
  };
}

/** Makes due again what a crashed instance had claimed. */
function startSweep(options: {
  readonly store: Pick<Store, 'releaseExpired'>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly now: () => number;
  readonly interval: number;
  readonly onReleased: () => void;
}): { stop(): Promise<void> } {
  const { store, log, now } = options;
  const trouble = createTrouble(log, 'looking for expired leases');
  const release = async (): Promise<void> => {
    const count = await store.releaseExpired(now());
    if (count === 0) return;
    log.warn({ count }, 'deliveries whose lease had ended are due again');
    options.onReleased();
  };
  return repeat(release, { interval: options.interval, trouble });
}
