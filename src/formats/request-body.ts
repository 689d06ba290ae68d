import type { KeyObject } from 'node:crypto';
import { RequestError } from '../errors.js';
import type { Format, Verified } from '../model.js';
import { asWritten, isCostly } from './costly-body.js';
import { exceedsDepth } from './json-text.js';
import { findSigner, mac, signingKey } from './signature.js';

/** What a request body says at its top level; nothing in it is checked beyond that. */
export interface RequestBody {
  /** The body as it came. */
  readonly text: string;
  readonly event: unknown;
  readonly result: unknown;
  /** What the sender's signature covers. */
  readonly signedText: string;
}

/**
 * Reads a request body of either format (protocol section 2, steps 1 and 2).
 *
 * @throws {RequestError} 400: not JSON, no object, no `result`, nested too deeply
 */
export function readRequestBody(text: string): RequestBody {
  if (exceedsDepth(text)) throw new RequestError(400, 'nesting_too_deep', 'Body is nested too deeply');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new RequestError(400, 'body_not_json', 'Body is not valid JSON', { cause });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RequestError(400, 'body_not_object', 'Body is not a JSON object');
  }
  if (!Object.hasOwn(body, 'result')) throw new RequestError(400, 'result_missing', 'Body has no result');
  const { event, result } = body as { readonly event?: unknown; readonly result: unknown };
  return { text, event, result, signedText: signedTextOf(result) };
}

/** The text that both formats sign: the result itself where it is a string, else `JSON.stringify` of it. */
export const signedTextOf = (result: unknown): string =>
  typeof result === 'string' ? result : JSON.stringify(result);

/** Protocol section 2, step 3. */
export function formatOf({ event, result }: Pick<RequestBody, 'event' | 'result'>): Format {
  return typeof result === 'string' || typeof event !== 'string' ? 'legacy' : 'new';
}

/** A request body whose signature was checked. */
export interface Authentic extends RequestBody {
  readonly format: Format;
  /** Which of the keys signed it, from 0. */
  readonly secretIndex: number;
}

/**
 * Checks a request as the vendor signs it, before anything is said about its content.
 *
 * @param signature the value of the `x-webhook-signature` header
 * @throws {RequestError} 400 as `readRequestBody`; 401 where no key made the signature; 413 where that takes more than it
 *   may cost to find out
 */
export function authenticate(
  text: string,
  signature: string | undefined,
  keys: readonly KeyObject[],
): Verified<Authentic> {
  if (isCostly(text) && !isSignedAsWritten(text, signature, keys)) {
    throw new RequestError(413, 'too_many_values', 'Body has too many values');
  }
  const body = readRequestBody(text);
  const secretIndex = findSigner(body.signedText, signature, keys);
  if (secretIndex === -1) {
    throw new RequestError(401, 'signature_invalid', 'Webhook is not properly signed');
  }
  return { ...body, format: formatOf(body), secretIndex } as Verified<Authentic>;
}

function isSignedAsWritten(text: string, signature: string | undefined, keys: readonly KeyObject[]): boolean {
  const written = asWritten(text);
  return (
    written !== null && !isCostly(written.others) && findSigner(written.signedText, signature, keys) !== -1
  );
}

/**
 * The `x-webhook-signature` of a request body of either format.
 *
 * @throws {RequestError} 400 where the body is no webhook
 * @throws {ShimError} `usage` where the secret is empty
 */
export function signBody(text: string, secret: string): string {
  return mac(readRequestBody(text).signedText, signingKey(secret));
}
