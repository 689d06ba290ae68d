import type { DestinationConfig } from '../config/config.js';
import type { Takes } from '../convert/route.js';
import type { AttemptOutcome } from '../model.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import type { Compose } from './compose.js';
import type { Load } from './load.js';
import { startPausedLane } from './paused-lane.js';
import { startSendingLane } from './sending-lane.js';
import type { Trouble } from './trouble.js';
import type { Turns } from './turns.js';

/** The way to one destination: what it claims, sends and settles waits for no other destination. */
export interface Lane {
  wake(): void;
  /** When it last claimed, or was busy with all its slots. */
  lastMoved(): number;
  /** Hands back what was claimed and not sent: the destination is held. */
  hold(): void;
  /** Called again, it ends at the earlier of both times. */
  stop(grace: number): Promise<void>;
}

export interface LaneOptions {
  readonly destination: DestinationConfig;
  readonly compose: Compose;
  readonly load: Load;
  readonly turns: Turns;
  readonly takes: Takes;
  readonly store: Pick<
    Store,
    | 'claimDeliveries'
    | 'settle'
    | 'lineUp'
    | 'pauseDestination'
    | 'openBreaker'
    | 'closeBreaker'
    | 'setOrder'
    | 'listUnkeyed'
    | 'keyDeliveries'
    | 'listReplayable'
    | 'getEvent'
    | 'splitDelivery'
  >;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly trouble: Readonly<Record<'claim' | 'split' | 'settle' | 'hold', Trouble>>;
  readonly onAttempt: OnAttempt;
  readonly now: () => number;
  readonly random: () => number;
  readonly pollInterval: number;
}

/** Told of each attempt; times in milliseconds. */
export type OnAttempt = (outcome: AttemptOutcome, duration: number, sinceReceived: number) => void;

export const startLane = (options: LaneOptions): Lane =>
  options.destination.mode === 'paused' ? startPausedLane(options) : startSendingLane(options);
