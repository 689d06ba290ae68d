import Koa, { type Middleware } from 'koa';
import { RequestError, StoreError } from '../errors.js';
import { createGate } from '../telemetry/gate.js';
import type { Log } from '../telemetry/log.js';

/** How long a sender is asked to wait when a webhook could not be stored. */
const RETRY_AFTER_SECONDS = '5';

/** Lines in ten seconds; the rest are counted with the next one that is logged. */
const LOGGED = 50;

/** An app that answers what is thrown, and logs connections that break: Koa would print each of them past the log. */
export function createApp(log: Log): Koa {
  const app = new Koa();
  app.on('error', (error: unknown) => log.debug({ err: error }, 'connection broke'));
  return app.use(answerErrors(log));
}

/**
 * Turns whatever is thrown into a JSON answer with a `message`: the one place where that is decided. Only a
 * `RequestError` speaks to the client in its own words.
 */
function answerErrors(log: Log): Middleware {
  const pass = createGate(LOGGED, 10_000, Date.now);
  const logGated = (level: 'warn' | 'error', fields: object, message: string): void => {
    const heldBack = pass();
    if (heldBack !== null) log[level]({ ...fields, heldBack }, message);
  };
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (error instanceof RequestError) {
        ctx.status = error.status;
        ctx.body = { message: error.message };
        const { status, code } = error;
        logGated('warn', { status, code, path: ctx.path, from: ctx.ip }, 'request refused');
        // What is left of a body that was not read would be taken for the next request.
        if (!ctx.req.complete) ctx.set('connection', 'close');
      } else if (error instanceof StoreError) {
        ctx.status = 503;
        ctx.set('retry-after', RETRY_AFTER_SECONDS);
        ctx.body = { message: 'The webhook could not be stored. Send it again.' };
        logGated('error', { code: error.code, reason: error.message, path: ctx.path }, 'webhook not stored');
      } else {
        ctx.status = 500;
        ctx.body = { message: 'Internal error' };
        log.error({ path: ctx.path, err: error }, 'request failed');
      }
    }
  };
}

/** The last middleware: nothing answers here. */
export const answerNotFound: Middleware = (ctx) => {
  ctx.status = 404;
  ctx.body = { message: `Nothing here: ${ctx.method} ${ctx.path}` };
};
