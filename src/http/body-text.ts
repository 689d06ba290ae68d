import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough, type Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import type { Middleware } from 'koa';
import bodyParser from 'koa-bodyparser';
import { RequestError } from '../errors.js';
import { createMemoryBound, SMALL } from './bound-memory.js';
import { createTurns } from './turns.js';

const JSON_TYPE = /^(application\/json|[\w.!#$&^-]+\/[\w.!#$&^+-]+\+json)$/i;

/** All bodies that are being received or stored at one time may hold this many bytes, or one of the largest size. */
const BUDGET = 256 * 1024 * 1024;
/** Those that came compressed have one of their own: with ten thousand bytes that become ten million, anyone can fill it. */
const INFLATED_BUDGET = 64 * 1024 * 1024;

const PLAIN: ReadonlySet<string> = new Set(['', 'identity']);

/** By the name of the content coding; its letter case does not matter (RFC 9110, 8.4.1). */
const STREAMS: ReadonlyMap<string, () => Transform> = new Map([
  ...[...PLAIN].map((coding) => [coding, () => new PassThrough()] as const),
  ['gzip', createUnzip],
  ['x-gzip', createUnzip],
  ['deflate', createUnzip],
  ['br', createBrotliDecompress],
]);

/**
 * Leaves the body's text in `ctx.request.body`, inflated, once its media type and size are found right.
 *
 * koa-bodyparser reads it as text: as JSON it would refuse keys such as `__proto__`, which are data here, and parse
 * what we parse again. What is not small it reads from a stream of ours, which can be counted, inflated, and ended
 * without the connection; and as that can take long to verify, one is handed on in each turn of the event loop.
 */
export function readBodyText(limit: number, budget = BUDGET): Middleware {
  const read = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/json', '+json'] },
    textLimit: String(limit),
    onerror: (cause) => {
      throw bodyError(cause, limit);
    },
  });
  const countPlain = createMemoryBound(Math.max(budget, limit));
  const countInflated = createMemoryBound(Math.max(INFLATED_BUDGET, limit));
  const turn = createTurns();
  return async (ctx, next) => {
    const type = (ctx.get('content-type').split(';')[0] ?? '').trim();
    if (!JSON_TYPE.test(type)) {
      throw new RequestError(415, 'media_type', 'Content-Type is not application/json');
    }
    const { req } = ctx;
    const coding = (req.headers['content-encoding'] ?? '').toLowerCase();
    if (coding === '' && Number(req.headers['content-length']) <= SMALL) return read(ctx, next);

    const stream = open(req, coding);
    const release = (PLAIN.has(coding) ? countPlain : countInflated)(stream);
    try {
      const from: typeof ctx = Object.create(ctx, { req: { value: stream } });
      await read(from, async () => {
        await turn();
        await next();
      });
    } catch (error) {
      if (!isBusy(error)) throw error;
      release();
      await discard(req, limit);
      ctx.set('retry-after', '1');
      throw error;
    } finally {
      release();
      stream.destroy();
    }
  };
}

/** The body, inflated, with the headers that still hold for it. @throws {RequestError} 415 */
function open(req: IncomingMessage, coding: string): Transform & { readonly headers: IncomingHttpHeaders } {
  const create = STREAMS.get(coding);
  if (create === undefined) {
    const message = 'Content-Encoding is not supported: use gzip, deflate, br or none';
    throw new RequestError(415, 'media_type', message);
  }
  const headers = PLAIN.has(coding) ? { 'content-length': req.headers['content-length'] } : {};
  const stream = Object.assign(req.pipe(create()), { headers });
  // A pipe does not tell that its beginning broke: the reader would wait for ever.
  req.once('error', (error) => stream.destroy(error));
  // Once the reader has what it wants, it does not listen for errors any more.
  stream.on('error', () => {});
  return stream;
}

const isBusy = (error: unknown): boolean => error instanceof RequestError && error.code === 'busy';

/**
 * Reads what is left of a body and keeps nothing: whoever is still sending may not see the answer before the connection
 * is closed.
 */
async function discard(req: IncomingMessage, most: number): Promise<void> {
  let left = most;
  const enough = new Promise<void>((resolve) => {
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
  });
  req.resume();
  await Promise.race([enough, finished(req).catch(() => undefined)]);
}

/** The faults of reading, in the words of the sender's side. */
function bodyError(cause: Error & { readonly status?: number }, limit: number): RequestError {
  if (cause instanceof RequestError) return cause;
  if (cause.status === 413) {
    return new RequestError(413, 'body_too_large', `Body is larger than ${limit} bytes`, { cause });
  }
  return new RequestError(400, 'body_unreadable', 'Body could not be read', { cause });
}
