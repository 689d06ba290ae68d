import Router from '@koa/router';
import Koa from 'koa';
import { RequestError } from '../errors.js';
import type { Receive } from '../ingest/receive.js';
import type { Log } from '../telemetry/log.js';
import { answerErrors, answerNotFound } from './answers.js';
import { readBodyText } from './body-text.js';
import { boundMemory } from './bound-memory.js';

/** What the vendor's own listener answers, which the vendor documents. */
const RECEIVED = { message: 'Webhook received' };

/** The public port: each source's path, and `GET /healthz`. */
export function createPublicApp(options: {
  readonly sources: readonly { readonly path: string; readonly receive: Receive }[];
  readonly bodyLimit: number;
  readonly log: Log;
}): Koa {
  const router = new Router();
  const bodyText = readBodyText(options.bodyLimit);
  const memory = boundMemory(options.bodyLimit);
  for (const { path, receive } of options.sources) {
    router.post(path, memory, bodyText, async (ctx) => {
      const body: unknown = ctx.request.body;
      // koa-bodyparser leaves an object where there was no body.
      const id = await receive(typeof body === 'string' ? body : '', signatureOf(ctx.req.headers));
      ctx.body = RECEIVED;
      options.log.debug({ webhook: id, path }, 'webhook stored');
    });
    router.all(path, (ctx) => {
      ctx.set('allow', 'POST');
      throw new RequestError(405, 'method', `${ctx.method} is not allowed here: send webhooks with POST`);
    });
  }
  router.get('/healthz', (ctx) => {
    ctx.body = { message: 'ok' };
  });

  const app = new Koa();
  app.use(answerErrors(options.log)).use(router.routes()).use(answerNotFound);
  return app;
}

/** Node joins repeated headers with a comma, and so makes them one that no signature equals. */
function signatureOf(headers: Koa.Request['req']['headers']): string | undefined {
  const value = headers['x-webhook-signature'];
  return typeof value === 'string' ? value : undefined;
}
