import type { Middleware } from 'koa';
import { RequestError } from '../errors.js';

/** All bodies that are being received at one time may hold this many bytes, or one body of the largest size. */
const BUDGET = 256 * 1024 * 1024;
/** Smaller bodies are not worth counting: the number of connections bounds them. */
const SMALL = 64 * 1024;

/**
 * Bounds what senders, who are strangers until their body has been read, can make us hold: many connections that each
 * send a body just below the limit are asked to come again one after the other. Where the size is not told, the largest
 * is held until the body has been read: from then on what it has.
 *
 * @param read leaves the body's text in `ctx.request.body`
 */
export function boundMemory(bodyLimit: number, read: Middleware): Middleware {
  const budget = Math.max(BUDGET, bodyLimit);
  let held = 0;
  return async (ctx, next) => {
    const declared = Number(ctx.req.headers['content-length'] ?? Number.NaN);
    const inflated = ctx.req.headers['content-encoding'] !== undefined;
    let size = Number.isNaN(declared) || inflated ? bodyLimit : Math.min(declared, bodyLimit);
    if (size <= SMALL) return read(ctx, next);
    if (held + size > budget) {
      ctx.set('retry-after', '1');
      throw new RequestError(503, 'busy', 'Too many large bodies at once. Send it again.');
    }
    held += size;
    try {
      await read(ctx, () => {
        const body: unknown = ctx.request.body;
        const spare = size - Math.min(size, typeof body === 'string' ? body.length : 0);
        held -= spare;
        size -= spare;
        return next();
      });
    } finally {
      held -= size;
    }
  };
}
