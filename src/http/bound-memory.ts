import type { Middleware } from 'koa';
import { RequestError } from '../errors.js';

/** All bodies that are being received at one time may hold this many bytes, or one body of the largest size. */
const BUDGET = 256 * 1024 * 1024;
/** Smaller bodies are not worth counting: the number of connections bounds them. */
const SMALL = 64 * 1024;

/**
 * Bounds what senders, who are strangers until their body has been read, can make us hold: many connections that each
 * send a body just below the limit are asked to come again one after the other.
 */
export function boundMemory(bodyLimit: number): Middleware {
  const budget = Math.max(BUDGET, bodyLimit);
  let held = 0;
  return async (ctx, next) => {
    const declared = Number(ctx.req.headers['content-length'] ?? Number.NaN);
    const inflated = ctx.req.headers['content-encoding'] !== undefined;
    const size = Number.isNaN(declared) || inflated ? bodyLimit : Math.min(declared, bodyLimit);
    if (size <= SMALL) return next();
    if (held + size > budget) {
      ctx.set('retry-after', '1');
      throw new RequestError(503, 'busy', 'Too many large bodies at once. Send it again.');
    }
    held += size;
    try {
      await next();
    } finally {
      held -= size;
    }
  };
}
