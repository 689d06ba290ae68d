import type { RefusalReason, RefusedSample } from '../store/refused.js';

/** Larger bodies are neither kept nor looked at, in bytes. */
const MOST_LOOKED_AT = 1024 * 1024;
/** An HMAC-SHA256 in base64: what looks otherwise is nobody's signature, whatever the secret. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

/** A request that was refused for its signature. */
export interface RefusedRequest {
  /** A JSON object with a `result`: what is none is refused for that. */
  readonly body: string;
  /** The value of `x-webhook-signature`. */
  readonly signature: string | undefined;
  readonly path: string;
  /** Who sent it. */
  readonly address: string;
}

export const reasonOf = ({ signature }: Pick<RefusedRequest, 'signature'>): RefusalReason =>
  signature === undefined || signature === '' ? 'no_signature' : 'wrong_signature';

/** Whether the right secret could make something of it, and it is small enough to be kept until then. */
export const isWorthKeeping = ({ body, signature }: RefusedRequest): boolean =>
  signature !== undefined && SIGNATURE.test(signature) && Buffer.byteLength(body) <= MOST_LOOKED_AT;

/** @param kept whether signature and body are part of it */
export function sampleOf(request: RefusedRequest, receivedAt: number, kept: boolean): RefusedSample {
  const { body, signature = '', path, address } = request;
  const size = Buffer.byteLength(body);
  return {
    receivedAt,
    reason: reasonOf(request),
    address,
    path,
    size,
    wellFormed: size <= MOST_LOOKED_AT ? isWellFormed(body) : null,
    request: kept ? { body, signature } : null,
  };
}

/** Whether its `result` is what either format has there: files, or the text of them. */
function isWellFormed(body: string): boolean {
  try {
    const { result } = JSON.parse(body) as { readonly result?: unknown };
    const files: unknown = typeof result === 'string' ? JSON.parse(result) : result;
    return typeof files === 'object' && files !== null;
  } catch {
    return false;
  }
}
