import type {
  AcceptedResult,
  ClaimedDelivery,
  Conversion,
  NewWebhook,
  Rate,
  Settlement,
  StoredWebhook,
  Verified,
} from '../model.js';
import type { DestinationVerbs } from './destination-verbs.js';
import type { RefusedStore } from './refused.js';
import type {
  AddedDelivery,
  Answer,
  DeliveryDetail,
  DeliveryQuery,
  DeliveryRow,
  DiskUse,
  EventDetail,
  EventQuery,
  EventRow,
  ExtractionFields,
  FieldsQuery,
  Hint,
  LastSeen,
  NewDelivery,
  QuarantineQuery,
  QuarantineRow,
  ReplayableEvent,
  ReplayQuery,
  SavedConversion,
  SightingQuery,
  SightingRow,
  StoredFields,
  Waiting,
  WebhookDetail,
} from './rows.js';
import type { UpTime } from './up-times.js';

/**
 * All that is durable. Each verb is one transaction, done when its promise resolves and not at all when it rejects
 * (with a `StoreError`), and can be called again with the same arguments after a crash. Several processes may hold
 * stores on the same data. The conformance suite in `test/store` is the contract's second half.
 */
export interface Store extends DestinationVerbs, RefusedStore {
  /** Durable once resolved. @returns their ids, in the order given. */
  putWebhooks(batch: readonly Verified<NewWebhook>[]): Promise<readonly number[]>;

  /**
   * Webhooks that wait for conversion, oldest first, not handed out to anyone else until `now + lease`.
   * A webhook whose conversion was not saved by then is handed out again.
   */
  claimWebhooks(request: {
    readonly limit: number;
    readonly now: number;
    readonly lease: number;
  }): Promise<readonly Verified<StoredWebhook>[]>;

  /**
   * Keeps the events and makes a delivery for each of their destinations, or puts the webhook into quarantine; only
   * for webhooks that wait for conversion or are in quarantine, so that saving twice does nothing the second time.
   * An event all of whose files were accepted since `duplicatesSince` is kept as a duplicate, without deliveries.
   * Of one webhook's events only the first makes a delivery for a route that is `oncePerWebhook`; but where one of them
   * is a duplicate, each of the others makes its own, which is not `whole`: what was delivered must not go out again.
   * A conversion whose `basis` no longer holds is stale: nothing of it is saved, and the webhook stays where it is, with
   * its lease. What was saved before it in the same batch counts.
   */
  saveConversions(batch: readonly Conversion[], now: number): Promise<readonly SavedConversion[]>;

  /**
   * The result that was accepted last for each file, however long ago. What is being saved meanwhile may be missing.
   *
   * @param files the subjects of each, one for each event that it may be of
   */
  latestAccepted(files: readonly (readonly Uint8Array[])[]): Promise<readonly (AcceptedResult | null)[]>;

  /**
   * Deliveries of one destination that are due, the longest due first, leased until `now + lease`; none while it is
   * paused or its breaker is open. Once a breaker's time is over it gives a single one, the `probe`, and opens the
   * breaker until the end of the lease: so that over all instances, and after a crash, one probe at a time is under way.
   * Where the destination is in order (`setOrder`), it gives the heads of lines alone, from which it goes on next time.
   *
   * @param request.rate over all claims of the destination no more are given than this allows (`allowance`)
   */
  claimDeliveries(request: {
    readonly destination: string;
    readonly limit: number;
    readonly now: number;
    readonly lease: number;
    readonly rate?: Rate | null;
  }): Promise<readonly ClaimedDelivery[]>;

  /** Records attempts and what follows. @returns for each whether it was taken: false where the lease was lost to a later claim. */
  settle(batch: readonly Settlement[]): Promise<readonly boolean[]>;

  /** Makes deliveries whose lease has ended due again. @returns how many. */
  releaseExpired(now: number): Promise<number>;

  /**
   * Makes all that waits at a destination due, in the order in which it was made, what waits for another attempt as
   * well, and what was made later than `now`, before the clock was set back. Meant for one that is paused: nothing else
   * changes the order in which its backlog goes out one day.
   * @returns how many were due at another time.
   */
  lineUp(destination: string, now: number): Promise<number>;

  listEvents(query: EventQuery): Promise<readonly EventRow[]>;
  /** @param ref an event's number, or its `webhook-id` (then the newest such event). */
  getEvent(ref: number | string): Promise<EventDetail | null>;
  listDeliveries(query: DeliveryQuery): Promise<readonly DeliveryRow[]>;
  getDelivery(id: number): Promise<DeliveryDetail | null>;
  listQuarantine(query: QuarantineQuery): Promise<readonly QuarantineRow[]>;
  getWebhook(id: number): Promise<Verified<WebhookDetail> | null>;
  /**
   * Events for `addDeliveries`, each with where it went: in the order of arrival; those with a dead letter in the order
   * in which the events were made.
   */
  listReplayable(query: ReplayQuery): Promise<readonly ReplayableEvent[]>;
  /**
   * Makes deliveries of events that are kept, beside those that they had: due now, in the order given. The latest
   * delivery of the event to that destination decides: while it waits or is being sent, none is made; nor where it was
   * delivered and `unlessDelivered` is set. So that adding twice, as after a crash, doubles nothing that is under way.
   */
  addDeliveries(batch: readonly NewDelivery[], now: number): Promise<readonly AddedDelivery[]>;
  /**
   * Makes deliveries, as `addDeliveries`, of other events that one stood for (`severalEvents`), which from then on stands
   * for its own alone: else these would go out twice where its destination comes to take webhooks again.
   */
  splitDelivery(
    deliveryId: number,
    others: readonly NewDelivery[],
    now: number,
  ): Promise<readonly AddedDelivery[]>;
  /** Takes webhooks out of quarantine for good; they stay stored until retention. @returns the ids that were in quarantine. */
  discardQuarantined(ids: readonly number[], note: string, now: number): Promise<readonly number[]>;

  /** The parity ledger: each file of each event, as often as it was seen. */
  listSightings(query: SightingQuery): Promise<readonly SightingRow[]>;
  /** Who has sent what since ever, in order of source, format and secret. */
  lastSeen(): Promise<readonly LastSeen[]>;
  /**
   * Notes that webhooks can come in now. A break of up to `UNNOTICED` since the last time is none. What was noted later
   * than now, before the clock was set back, is not known to be so: neither does it cover what is yet to come, nor is it
   * what goes on.
   */
  noteUpTime(now: number): Promise<void>;
  /**
   * When webhooks could come in, oldest first; until this was first noted, ever since. They may overlap, and begin no
   * earlier than what was removed last ended.
   */
  upTimes(): Promise<readonly UpTime[]>;
  /** What waits for the program or for a person. @param limit of each so many are counted at the most. */
  waiting(limit: number): Promise<Waiting>;
  /** Attempts at one destination, those of the newest deliveries first. */
  latestAnswers(destination: string, limit: number): Promise<readonly Answer[]>;
  /** Adds to what is known of the fields of extractions: of 1000 of them, those seen last; of each the first 500 fields. */
  recordFields(batch: readonly ExtractionFields[]): Promise<void>;
  /** The oldest first. */
  listFields(query: FieldsQuery): Promise<readonly StoredFields[]>;

  /**
   * One small step of retention: looks at the oldest `limit` webhooks after the id `after` that arrived before a time,
   * and removes those that are over, with all that was made of them; and of what was before that time as many rows of the
   * ledger, all requests that were refused, and all up-time: what came in it is not known any more. What waits for
   * conversion, delivery or a person stays.
   *
   * @returns how many webhooks were removed, about so many where very many go at once, and where the next step goes on;
   *   null where none is needed
   */
  prune(request: {
    readonly before: number;
    readonly after: number;
    readonly limit: number;
    /** Only tells what would be removed. */
    readonly dryRun?: boolean;
  }): Promise<{ readonly removed: number; readonly next: number | null }>;

  /** Takes the same time whatever the store holds. */
  diskUse(): Promise<DiskUse>;
  /** Proves that a webhook could be stored now, by a write. */
  ping(now: number): Promise<void>;
  /**
   * Calls back when another instance has made work. A hint and no more: it may come late, twice, in vain or never, as
   * from a store that one instance alone can serve.
   */
  onHint(callback: (hint: Hint) => void): void;
  close(): Promise<void>;
}
