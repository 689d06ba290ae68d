import type { ClaimedDelivery, OrderedBy, PauseReason, SendingMode } from '../model.js';

/**
 * The part of the store's contract that is about destinations: what holds them, what waits for them, and in which order
 * it goes out. All instances see the same, since `claimDeliveries` itself looks at it. A name needs no configuration:
 * what waits for a destination that is gone is still its backlog.
 */
export interface DestinationVerbs {
  /** Claims nothing from now on. @returns false where it was paused before: then that stays as it was. */
  pauseDestination(request: {
    readonly destination: string;
    readonly reason: PauseReason;
    readonly note: string | null;
    readonly now: number;
  }): Promise<boolean>;
  /**
   * Ends a pause, and makes all that waits due as `lineUp` does. A breaker that is open tries at once.
   * @returns whether the destination was held: paused, or by its breaker.
   */
  resumeDestination(destination: string, now: number): Promise<boolean>;
  /** Claims nothing before `until`, and then a probe alone, until `closeBreaker`. @param request.reason for a person. */
  openBreaker(request: {
    readonly destination: string;
    readonly until: number;
    readonly reason: string;
  }): Promise<void>;
  /** @returns whether it was open. */
  closeBreaker(destination: string): Promise<boolean>;
  /** Of each destination that was ever held, limited or in order, by name. */
  destinationStates(): Promise<readonly DestinationState[]>;

  /** Destinations for which deliveries wait or are being sent, by name. @param limit of each so many are looked at. */
  listBacklogs(limit: number): Promise<readonly Backlog[]>;
  /**
   * One step of giving up a backlog: what waits is discarded with this reason, the longest due first, and then what is a
   * dead letter. What is being sent is left alone.
   * @returns how many; less than `limit` where there are no more.
   */
  discardBacklog(request: {
    readonly destination: string;
    readonly reason: string;
    readonly now: number;
    readonly limit: number;
  }): Promise<number>;
  /**
   * One step of handing a backlog over: what waits goes to another destination, due now, with the attempts that it has
   * had, and sent as the other sends: a live one gets its retries, whatever it was made for. Where the other has a
   * delivery of the same event that waits or has arrived (`oncePerWebhook`: of the same webhook), it is discarded, and
   * says so: nothing is delivered twice.
   * @returns how many of each; together less than `limit` where no more wait.
   */
  moveBacklog(request: {
    readonly destination: string;
    readonly to: string;
    /** Of the other. */
    readonly mode: SendingMode;
    readonly oncePerWebhook: boolean;
    readonly now: number;
    readonly limit: number;
  }): Promise<{ readonly moved: number; readonly spared: number }>;

  /**
   * Says what the deliveries of a destination are put in line by; null: they go out as they are due. From then on all
   * that waits, and what is made for it by whichever verb and instance, needs keys (`keyDeliveries`) before it is
   * claimed: two deliveries that share a key are in one line, and a delivery may be in several.
   *
   * Given out is only what comes first in each of its lines, by the order in which webhooks were taken in, and within one
   * webhook in that of its events; and only if nothing else of these lines is being sent, and no webhook that came before
   * still waits for conversion, nor a delivery that came before for its keys. All this is told by the rows themselves: no
   * crash leaves a line blocked. A dead letter in the way is passed over, and the next one keeps it as `afterDead`.
   *
   * @returns whether that is a change
   */
  setOrder(destination: string, by: OrderedBy | null): Promise<boolean>;
  /** What waits for its keys at a destination that is in order, in the order of arrival; fewer where they are large. */
  listUnkeyed(request: {
    readonly destination: string;
    readonly limit: number;
  }): Promise<readonly UnkeyedDelivery[]>;
  /**
   * Puts deliveries in line, each once: what has its keys keeps them.
   * @param request.by nothing is done where it is not (or no longer) what the destination is in order by.
   * @returns how many were put in line
   */
  keyDeliveries(request: {
    readonly destination: string;
    readonly by: OrderedBy;
    readonly deliveries: readonly KeyedDelivery[];
  }): Promise<number>;
}

export interface DestinationState {
  readonly destination: string;
  readonly paused: {
    readonly at: number;
    readonly reason: PauseReason;
    readonly note: string | null;
  } | null;
  /** Until when its breaker is open; past: the next delivery is a probe. Null where it is closed. */
  readonly openUntil: number | null;
  readonly openReason: string | null;
}

export interface Backlog {
  readonly destination: string;
  readonly count: number;
  /** When the oldest of them was made. */
  readonly oldestAt: number;
}

/** All that its keys are told by. */
export type UnkeyedDelivery = Pick<ClaimedDelivery, 'id' | 'whole' | 'event' | 'body' | 'plain' | 'webhook'>;

export interface KeyedDelivery {
  readonly deliveryId: number;
  /** At least one: short texts that mean something together with the destination alone. */
  readonly keys: readonly string[];
}
