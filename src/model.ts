/** The nouns. Words and their meaning: README, "Words". Times are milliseconds since the epoch. */

export type Format = 'legacy' | 'new';

declare const verified: unique symbol;
/** Carries the proof that a signature was checked: only what is `Verified` can be stored or converted. */
export type Verified<T> = T & { readonly [verified]: true };

/** One authentic request, as it came, before it is stored. */
export interface NewWebhook {
  readonly source: string;
  readonly format: Format;
  readonly receivedAt: number;
  /** The request body, as text. */
  readonly body: string;
  /** The value of `x-webhook-signature`. */
  readonly signature: string;
  /** Which of the source's secrets verified it, from 0. */
  readonly secretIndex: number;
}

export interface StoredWebhook extends NewWebhook {
  readonly id: number;
}

export type WebhookState = 'received' | 'converted' | 'quarantined' | 'discarded';

export type QuarantineReason =
  | 'result_not_json'
  | 'unrecognized_shape'
  | 'no_files'
  | 'unknown_status'
  | 'invalid_event'
  | 'schema_violation'
  | 'contract_violation'
  | 'nesting_too_deep'
  | 'source_not_configured'
  | 'internal_error';

/** What identifies one file of an event, in both formats alike (protocol section 6). */
export interface FileIdentity {
  /** 16 bytes: which file of which event type it is, whatever its result. */
  readonly subject: Uint8Array;
  /** 32 bytes: SHA-256 of its canonical result. */
  readonly digest: Uint8Array;
}

/** The result that was accepted last for a file. */
export interface LatestResult {
  /** Which of the subjects it was accepted as, from 0. */
  readonly subject: number;
  readonly digest: Uint8Array;
}

/** The same, as the store tells it. */
export interface AcceptedResult extends LatestResult {
  /** When the webhook that brought it arrived, in ms; null where retention has removed that. */
  readonly arrivedAt: number | null;
}

/** A file of a source for which it matters what was accepted before it. */
export interface FileBasis {
  /** Its own, one for each event that it may be of. */
  readonly subjects: readonly Uint8Array[];
  /** What its event was inferred from; without it nothing was inferred, but others infer from this file. */
  readonly latest?: LatestResult | null;
}

/** How an event is sent. A shadow gets it once: what it answers is recorded and counts for nothing. */
export type SendingMode = 'live' | 'shadow';

/** What the deliveries of a destination are put in line by: one at a time in each line, in the order of arrival. */
export type OrderedBy = 'file' | 'batch' | 'extraction';

/** At most so many in so many milliseconds. */
export interface Rate {
  readonly count: number;
  readonly per: number;
}

/** Who paused a destination: a person, or the destination itself, by answering 410. */
export type PauseReason = 'operator' | '410';

/** Where an event goes. */
export interface Route {
  /** A destination's name. */
  readonly destination: string;
  readonly mode: SendingMode;
  /** Percent of the batches that go this way. */
  readonly share: number;
  /** What it gets is the webhook and not the event, so that of one webhook's events only the first makes a delivery. */
  readonly oncePerWebhook: boolean;
  /** Milliseconds before the first attempt. */
  readonly delay: number;
}

/** The new-format thing made from a webhook, before it is stored. */
export interface ConvertedEvent {
  /** `feature.action` */
  readonly event: string;
  /** The `webhook-id` header: derived from the content, the same for each repeat. */
  readonly messageId: string;
  /** The forwarded body; null where it can be built from the webhook's own text (see `newBody`), so that the payload is stored once. */
  readonly body: string | null;
  /**
   * Whether the forwarded body is as `JSON.stringify` writes an event and its result, so that what is to be signed is
   * found without parsing it.
   */
  readonly plain: boolean;
  readonly files: readonly FileIdentity[];
  /** Where it goes, each destination once. */
  readonly destinations: readonly Route[];
}

export type Conversion =
  | {
      readonly outcome: 'converted';
      readonly webhookId: number;
      readonly events: readonly ConvertedEvent[];
      /** Files accepted since this time make an event a duplicate; null turns that off. */
      readonly duplicatesSince: number | null;
      /** Each file once, where the source infers edits. It is saved only while that is still so. */
      readonly basis?: readonly FileBasis[];
    }
  | {
      readonly outcome: 'quarantined';
      readonly webhookId: number;
      readonly reason: QuarantineReason;
      /** What is wrong, one fault a line, for a person to act on. */
      readonly errors: readonly string[];
    };

/**
 * `missed`: the one attempt of a shadow's delivery failed. `discarded`: a person gave it up, or another destination had
 * the event already.
 */
export const DELIVERY_STATES = ['pending', 'sending', 'delivered', 'dead', 'missed', 'discarded'] as const;

export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A delivery that is ours to attempt until the lease ends, with all that is needed to send it. */
export interface ClaimedDelivery {
  readonly id: number;
  /** The fencing token: an outcome is only taken with the one of the latest claim. */
  readonly fence: number;
  readonly destination: string;
  /** As routed. */
  readonly mode: SendingMode;
  readonly share: number;
  /** Attempts that were made and settled before this one. */
  readonly attempts: number;
  /**
   * Whether it stands for all of its webhook, which then goes out as it came to a handler in the old format. False where
   * other events of the webhook make deliveries of their own, or had been accepted before.
   */
  readonly whole: boolean;
  /** Whether it so stands for other events as well: they have no delivery of their own. */
  readonly severalEvents: boolean;
  /** Whether it is the one that a breaker lets through to see whether the destination works again. */
  readonly probe: boolean;
  /** The dead letter that stood in its way, where deliveries go out in order. */
  readonly afterDead: number | null;
  /** When the webhook arrived. */
  readonly receivedAt: number;
  readonly eventId: number;
  readonly event: string;
  readonly messageId: string;
  /** The event's own, as this and the webhook's: a store may read it only when it is asked for, and throw where it cannot. */
  readonly body: string | null;
  readonly plain: boolean;
  readonly webhook: Pick<StoredWebhook, 'id' | 'source' | 'format' | 'body' | 'signature'>;
}

/**
 * Who has to act on a failure. `shim`: the request could not be built, signed or sent, by a bug, by the configuration,
 * or for want of something on this machine. `destination`: the handler, or the way to it.
 */
export type Fault = 'shim' | 'destination';

/** One request of a delivery and what came of it. */
export interface Attempt {
  readonly startedAt: number;
  /** Milliseconds from the first byte sent to the last byte of the answer that was read. */
  readonly duration: number;
  /** HTTP status; null where no answer came. */
  readonly status: number | null;
  /** Why it failed, for a person; null where it succeeded. */
  readonly error: string | null;
  /** Whose fault that is; null where it succeeded. */
  readonly fault: Fault | null;
  /** The first 4 KiB of the answer's body, as text. */
  readonly response: string | null;
  /** What sent it: a delivery that was made for a live destination is sent as a shadow's once that has become one. */
  readonly mode: SendingMode;
  readonly share: number;
}

/** What became of a claimed delivery. */
export type Settlement = {
  readonly deliveryId: number;
  readonly fence: number;
} & (
  | { readonly outcome: 'delivered'; readonly attempt: Attempt }
  | { readonly outcome: 'retry'; readonly attempt: Attempt; readonly dueAt: number }
  | { readonly outcome: 'dead'; readonly attempt: Attempt; readonly reason: string }
  | { readonly outcome: 'missed'; readonly attempt: Attempt }
  /** Handed back without an attempt, as on shutdown: due as it was, or else at the time that is given. */
  | { readonly outcome: 'released'; readonly dueAt?: number }
);

/** What an attempt led to. */
export type AttemptOutcome = Exclude<Settlement['outcome'], 'released'>;
