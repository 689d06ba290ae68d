import type {
  Attempt,
  DeliveryState,
  Fault,
  Format,
  QuarantineReason,
  SendingMode,
  StoredWebhook,
  Verified,
  WebhookState,
} from '../model.js';

/** What the verbs of the store take and return. */

/** What there may be: webhooks to convert, or deliveries that are due. */
export type Hint = 'webhooks' | 'deliveries';

export interface SavedConversion {
  readonly webhookId: number;
  /** False where nothing was changed: the webhook had been converted before, or its conversion is stale. */
  readonly applied: boolean;
  /** What it was inferred from is no longer so: the webhook waits to be concluded anew. */
  readonly stale?: true;
  /** Those that were stored now: none where it was not applied. */
  readonly events: readonly {
    readonly id: number;
    readonly messageId: string;
    /** The event that this one repeats. */
    readonly duplicateOf: number | null;
    readonly deliveries: number;
  }[];
}

/** Lists come newest first; `before` is the id where the page before ended. */
interface Page {
  readonly limit: number;
  readonly before?: number;
}

export interface EventQuery extends Page {
  readonly source?: string;
  readonly event?: string;
  /** The webhook's time of arrival, from (inclusive) and until (exclusive). */
  readonly since?: number;
  readonly until?: number;
}

export interface EventRow {
  readonly id: number;
  readonly messageId: string;
  readonly webhookId: number;
  readonly source: string;
  readonly format: Format;
  readonly event: string;
  readonly files: number;
  readonly receivedAt: number;
  readonly duplicateOf: number | null;
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
}

/** Of an event that went nowhere. */
export const NO_DELIVERIES: EventRow['deliveries'] = {
  pending: 0,
  sending: 0,
  delivered: 0,
  dead: 0,
  missed: 0,
  discarded: 0,
};

export interface EventDetail extends EventRow {
  readonly body: string | null;
  readonly webhook: Verified<WebhookDetail>;
  readonly deliveryRows: readonly DeliveryRow[];
}

export interface DeliveryQuery extends Page {
  readonly status?: DeliveryState;
  readonly destination?: string;
  readonly eventId?: number;
  readonly fault?: Fault;
  readonly since?: number;
  readonly until?: number;
}

/** How often something came, and when first and last. */
export interface Seen {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
}

/** Results that had a field, however often it stands in one of them. */
export interface SeenField extends Seen {
  readonly path: string;
}

/** The results of an extraction that were looked at, and the fields that some of them had, each once. */
export interface ExtractionFields extends Seen {
  readonly source: string;
  readonly extractionId: string;
  readonly fields: readonly SeenField[];
}

export interface StoredFields extends ExtractionFields {
  readonly id: number;
}

export interface FieldsQuery {
  readonly limit: number;
  /** The id where the page before ended. */
  readonly after?: number;
}

export interface ReplayQuery {
  readonly limit: number;
  /** The id of the event where the page before ended. */
  readonly after?: number;
  /** Only events that have a dead letter. */
  readonly dead?: boolean;
  /** The webhook's time of arrival, from (inclusive) and until (exclusive). */
  readonly since?: number;
  readonly until?: number;
}

export interface ReplayableEvent
  extends Pick<
    EventRow,
    'id' | 'messageId' | 'webhookId' | 'source' | 'format' | 'event' | 'receivedAt' | 'duplicateOf'
  > {
  /** The latest delivery to each destination. */
  readonly latest: readonly Pick<DeliveryRow, 'destination' | 'mode' | 'status'>[];
}

export interface NewDelivery {
  readonly eventId: number;
  readonly destination: string;
  readonly mode: SendingMode;
  /** In this mode. */
  readonly unlessDelivered: boolean;
  /** The destination gets the webhook itself: a delivery of another of its events counts as one of this event. */
  readonly oncePerWebhook: boolean;
}

/** What became of it. The id is the delivery's: of the new one, or of the one that is in its way. */
export type AddedDelivery =
  | { readonly outcome: 'added' | 'waiting' | 'delivered'; readonly id: number }
  | { readonly outcome: 'no_event' };

export interface DeliveryRow {
  readonly id: number;
  readonly eventId: number;
  readonly messageId: string;
  readonly event: string;
  readonly destination: string;
  /** As routed. */
  readonly mode: SendingMode;
  readonly share: number;
  readonly status: DeliveryState;
  readonly attempts: number;
  readonly createdAt: number;
  /** Whether it was made by `addDeliveries`. */
  readonly replayed: boolean;
  /** When the next attempt is due; null where none will be made. */
  readonly dueAt: number | null;
  /** When it was delivered, missed or given up; null while it goes on. */
  readonly endedAt: number | null;
  /** Why it is a dead letter. */
  readonly reason: string | null;
  /** The dead letter that it was in line behind, and that it went out without. */
  readonly afterDead: number | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  /** Whose fault it is that the last attempt failed; null where it did not, and before there was one. */
  readonly fault: Fault | null;
}

export interface DeliveryDetail extends DeliveryRow {
  readonly attemptRows: readonly Attempt[];
}

export interface QuarantineQuery extends Page {
  readonly reason?: QuarantineReason;
  readonly source?: string;
}

export interface QuarantineRow {
  readonly id: number;
  readonly source: string;
  readonly format: Format;
  readonly receivedAt: number;
  readonly reason: QuarantineReason;
  readonly errors: readonly string[];
  readonly size: number;
}

export interface WebhookDetail extends StoredWebhook {
  readonly state: WebhookState;
  readonly reason: QuarantineReason | null;
  readonly errors: readonly string[];
  readonly note: string | null;
}

/** From `since` (inclusive) until `until` (exclusive): when they were seen, which is when their webhook was converted. */
export interface SightingQuery extends Page {
  readonly since?: number;
  readonly until?: number;
}

export interface SightingRow {
  /** Grows with the time at which they were seen. */
  readonly id: number;
  readonly eventId: number;
  readonly source: string;
  readonly format: Format;
  /** The webhook's time of arrival. */
  readonly receivedAt: number;
  /** The file's identity (`FileIdentity`), as lower-case hex. */
  readonly subject: string;
  readonly digest: string;
}

/** Webhooks of one source in one format, verified by one secret. Retention does not touch it. */
export interface LastSeen extends Seen {
  readonly source: string;
  readonly format: Format;
  readonly secretIndex: number;
}

export interface Waiting {
  /** Webhooks that wait for conversion. */
  readonly received: number;
  /** When the first of them arrived; null where none waits. */
  readonly receivedSince: number | null;
  /** Webhooks in quarantine, in order of source. */
  readonly quarantined: readonly { readonly source: string; readonly count: number }[];
  /** Deliveries that wait for their next attempt, in order of destination, and when the first of them is due. */
  readonly pending: readonly {
    readonly destination: string;
    readonly count: number;
    readonly dueAt: number;
  }[];
  /**
   * Dead letters, of the newest `limit`, in order of source and destination; without those whose event was later
   * delivered to the same destination after all.
   */
  readonly dead: readonly {
    readonly source: string;
    readonly destination: string;
    readonly count: number;
  }[];
}

export const NOTHING_WAITS: Waiting = {
  received: 0,
  receivedSince: null,
  quarantined: [],
  pending: [],
  dead: [],
};

/** In bytes; null where the store cannot tell. */
export interface DiskUse {
  /** All of it, but for the log. */
  readonly bytes: number;
  /** What of it is empty, for what comes next. */
  readonly free: number | null;
  /** What was written and is not yet in its place. */
  readonly log: number | null;
  /** When the first of the webhooks that are kept arrived. */
  readonly oldestAt: number | null;
}

/** How a destination answered one attempt. */
export type Answer = Pick<Attempt, 'startedAt' | 'duration' | 'status'>;
