import { type ErrorCode, RequestError, StoreError } from '../errors.js';

/**
 * What became of one request at a source's path. `refused`: without a valid signature. `malformed`: no JSON object with
 * a `result`, or it could not be read. `busy`: too many large bodies at once. `not_stored`: the store does not work.
 * `failed`: a fault of ours.
 */
export const INGEST_OUTCOMES = [
  'accepted',
  'refused',
  'malformed',
  'too_large',
  'media_type',
  'method',
  'busy',
  'not_stored',
  'failed',
] as const;

export type IngestOutcome = (typeof INGEST_OUTCOMES)[number];

const BY_CODE: Partial<Readonly<Record<ErrorCode, IngestOutcome>>> = {
  signature_invalid: 'refused',
  body_too_large: 'too_large',
  too_many_values: 'too_large',
  media_type: 'media_type',
  method: 'method',
  busy: 'busy',
};

/** The outcome of a request that ended with an error. */
export function outcomeOfError(error: unknown): IngestOutcome {
  if (error instanceof StoreError) return 'not_stored';
  if (error instanceof RequestError) return BY_CODE[error.code] ?? 'malformed';
  return 'failed';
}
