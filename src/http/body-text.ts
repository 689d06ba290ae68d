import type { Middleware } from 'koa';
import bodyParser from 'koa-bodyparser';
import { RequestError } from '../errors.js';

const JSON_TYPE = /^(application\/json|[\w.!#$&^-]+\/[\w.!#$&^+-]+\+json)$/i;

/**
 * Leaves the body's text in `ctx.request.body`, inflated, once its media type and size are found right.
 *
 * koa-bodyparser reads it as text: as JSON it would refuse keys such as `__proto__`, which are data here, and parse
 * what we parse again.
 */
export function readBodyText(limit: number): Middleware {
  const read = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/json', '+json'] },
    textLimit: String(limit),
    onerror: (cause) => {
      throw bodyError(cause, limit);
    },
  });
  return async (ctx, next) => {
    const type = (ctx.get('content-type').split(';')[0] ?? '').trim();
    if (!JSON_TYPE.test(type)) {
      throw new RequestError(415, 'media_type', 'Content-Type is not application/json');
    }
    await read(ctx, next);
  };
}

/** The faults of reading, in the words of the sender's side. */
function bodyError(cause: Error & { readonly status?: number }, limit: number): RequestError {
  if (cause.status === 413) {
    return new RequestError(413, 'body_too_large', `Body is larger than ${limit} bytes`, { cause });
  }
  if (cause.status === 415) {
    return new RequestError(
      415,
      'media_type',
      'Content-Encoding is not supported: use gzip, deflate, br or none',
      {
        cause,
      },
    );
  }
  return new RequestError(400, 'body_unreadable', 'Body could not be read', { cause });
}
