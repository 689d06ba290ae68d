/** The library: the pure functions of the formats with their types, and the whole service to embed. */
export { createShim, type Shim } from './embed.js';
export { RequestError, ShimError } from './errors.js';
export { type Event, type Normalized, normalize, sign, toLegacy, verify, type Webhook } from './library.js';
export type { Format, QuarantineReason, Verified } from './model.js';
