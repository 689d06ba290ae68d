/** Stable codes: scripts and tests may rely on them. */
export type ErrorCode =
  | 'config_invalid'
  | 'usage'
  | 'not_found'
  | 'body_not_json'
  | 'body_not_object'
  | 'result_missing'
  | 'body_unreadable'
  | 'body_too_large'
  | 'too_many_values'
  | 'media_type'
  | 'method'
  | 'token'
  | 'host'
  | 'busy'
  | 'nesting_too_deep'
  | 'signature_invalid'
  | 'store_unavailable'
  | 'store_full'
  | 'store_locked'
  | 'store_corrupt'
  | 'store_newer'
  | 'store_older'
  | 'store_unwritable'
  | 'port_in_use'
  | 'port_unusable'
  | 'out_of_memory'
  | 'out_of_time'
  | 'started_before'
  | 'shutting_down';

/** The base of every error that this project throws on purpose. The message says what is wrong and what to do. */
export class ShimError extends Error {
  override readonly name: string = 'ShimError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A fault in what the user typed or wrote: exit status 2. */
export class UsageError extends ShimError {
  override readonly name = 'UsageError';
}

/** A refused request. Its message is safe to show to whoever sent it. */
export class RequestError extends ShimError {
  override readonly name = 'RequestError';

  constructor(
    readonly status: number,
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, message, options);
  }
}

/** The store could not do what was asked; nothing of it was done. */
export class StoreError extends ShimError {
  override readonly name = 'StoreError';
}

/** What was thrown, as text: it may be anything. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
