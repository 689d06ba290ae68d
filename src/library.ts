import { type EventCheck, loadEventSchemas } from './convert/event-schemas.js';
import { normalize as normalizeWebhook } from './convert/normalize.js';
import { UsageError } from './errors.js';
import { newBody, toLegacy as toLegacyBody } from './formats/forward.js';
import { DEFAULT_STATUSES } from './formats/legacy.js';
import { authenticate, readRequestBody, signBody } from './formats/request-body.js';
import { signingKey } from './formats/signature.js';
import type { Format, QuarantineReason, Verified } from './model.js';

/** A request body of either format whose signature was checked. */
export interface Webhook {
  readonly format: Format;
  /** The request body, as it came. */
  readonly body: string;
}

/** A new-format event. */
export interface Event {
  /** `feature.action` */
  readonly event: string;
  /** What the shim sends as `webhook-id`: the same for the same content. */
  readonly id: string;
  /** The request body to forward; sign it with `sign`. */
  readonly body: string;
}

export type Normalized =
  | { readonly outcome: 'accepted'; readonly events: readonly Event[] }
  | {
      readonly outcome: 'quarantined';
      readonly reason: QuarantineReason;
      /** What is wrong, for a person. */
      readonly errors: readonly string[];
    };

/**
 * Checks that a request was signed by the vendor.
 *
 * @param body the request body, as text, byte for byte as it came
 * @param signature the `x-webhook-signature` header, as `node:http` gives it; a list is none that signs
 * @param secrets the dashboard secret, or several while one is being replaced
 * @throws {RequestError} `status` 401 where none of them signed it, 400 where the body is no webhook
 * @throws {ShimError} `usage` where a secret is empty or there is none, or where the body is no text
 */
export function verify(
  body: string,
  signature: string | readonly string[] | undefined,
  secrets: string | readonly string[],
): Verified<Webhook> {
  const keys = [secrets].flat().map((secret) => signingKey(secretOf(secret)));
  // Nothing would ever be signed right, and the vendor does not send again.
  if (keys.length === 0) throw new UsageError('usage', 'there is no secret to verify with');
  const { format } = authenticate(textOf(body), headerOf(signature), keys);
  return { format, body } as Verified<Webhook>;
}

/**
 * The `x-webhook-signature` of a request body of either format.
 *
 * @throws {RequestError} 400 where the body is no webhook
 * @throws {ShimError} `usage` where the secret is empty, or where the body is no text
 */
export const sign = (body: string, secret: string): string => signBody(textOf(body), secretOf(secret));

/**
 * A new-format body as a legacy one: the text of its result, as it was written, in a string. `sign` signs it. A legacy
 * body stays as it is.
 *
 * @throws {RequestError} 400 where the body is no webhook
 * @throws {ShimError} `usage` where the body is no text
 */
export function toLegacy(body: string): string {
  const { result } = readRequestBody(textOf(body));
  return typeof result === 'string' ? body : toLegacyBody(body);
}

// From JavaScript comes what the types forbid.

/** A buffer would get through until the first webhook in the new format, and a parsed body has lost what was signed. */
function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  throw new UsageError(
    'usage',
    'the body is no text: give the request body as a string, byte for byte as it came',
  );
}

/** Of several headers none counts (protocol section 2). */
const headerOf = (signature: unknown): string | undefined =>
  typeof signature === 'string' ? signature : undefined;

/** A variable of the environment that is not set is no secret. */
const secretOf = (secret: unknown): string => (typeof secret === 'string' ? secret : '');

let checkSchema: EventCheck | undefined;

/**
 * What a verified webhook becomes in the new format. No webhook makes it throw: what cannot be converted is told with
 * its reason.
 *
 * @param options.source a name that is part of the ids (`extracta`)
 * @param options.statuses lower-case status words and their events, beside the documented ones
 * @throws {ShimError} `usage` for what `verify` has not returned
 */
export function normalize(
  webhook: Verified<Webhook>,
  options: { readonly source?: string; readonly statuses?: Readonly<Record<string, string>> } = {},
): Normalized {
  if (typeof (webhook as Partial<Webhook> | undefined)?.body !== 'string') {
    throw new UsageError('usage', 'that is no verified webhook: give what "verify" returned');
  }
  checkSchema ??= loadEventSchemas();
  const normalized = normalizeWebhook(webhook, {
    source: options.source ?? 'extracta',
    statuses: { ...DEFAULT_STATUSES, ...options.statuses },
    checkSchema,
    checkContracts: null,
  });
  if (!normalized.ok) {
    return { outcome: 'quarantined', reason: normalized.reason, errors: normalized.errors };
  }
  return {
    outcome: 'accepted',
    events: normalized.events.map((event) => ({
      event: event.event,
      id: event.messageId,
      body: newBody({ ...event, webhook }),
    })),
  };
}
