import Router from '@koa/router';
import type Koa from 'koa';
import type { Middleware } from 'koa';
import compose from 'koa-compose';
import { RequestError } from '../errors.js';
import type { Receive } from '../ingest/receive.js';
import type { RefusedRequest } from '../ingest/refused-sample.js';
import { createGate } from '../telemetry/gate.js';
import type { Log } from '../telemetry/log.js';
import { answerNotFound, createApp } from './answers.js';
import { readBodyText } from './body-text.js';
import { type OnAnswer, observe, type RequestState } from './observe.js';

/** What the vendor's own listener answers, which the vendor documents. */
const RECEIVED = { message: 'Webhook received' };

/** Milliseconds between two lines on webhooks at a path of nobody. */
const MISDIRECTED = 60_000;
/** Of a path in the log, in characters. */
const LONGEST_PATH = 200;

/** A source as the public port knows it. */
export interface Entrance {
  readonly path: string;
  readonly receive: Receive;
  readonly onAnswer: OnAnswer;
  /** Shown each request that was refused for its signature. */
  readonly onRefused: (request: RefusedRequest) => void;
}

/** The public port: each source's path, and `GET /healthz`. */
export function createPublicApp(options: {
  readonly sources: readonly Entrance[];
  readonly bodyLimit: number;
  readonly log: Log;
}): Koa {
  const router = new Router<RequestState>();
  const bodyText = readBodyText(options.bodyLimit);
  for (const { path, receive, onAnswer, onRefused } of options.sources) {
    const take: Middleware<RequestState> = async (ctx) => {
      const given: unknown = ctx.request.body;
      // koa-bodyparser leaves an object where there was no body.
      const body = typeof given === 'string' ? given : '';
      const signature = signatureOf(ctx.req.headers);
      try {
        const { id, format } = await receive(body, signature);
        ctx.state.format = format;
        ctx.body = RECEIVED;
        options.log.debug({ webhook: id, path }, 'webhook stored');
      } catch (error) {
        if (isRefused(error)) onRefused({ body, signature, path: ctx.path, address: ctx.ip });
        throw error;
      }
    };
    // One middleware and one route: the router puts together anew, for each request, all that it has for the path.
    router.all(path, compose([observe(onAnswer), requirePost, bodyText, take]));
  }
  router.get('/healthz', (ctx) => {
    ctx.body = { message: 'ok' };
  });

  const app = createApp(options.log);
  app.use(router.routes()).use(reportMisdirected(options)).use(answerNotFound);
  return app;
}

const requirePost: Middleware = (ctx, next) => {
  if (ctx.method === 'POST') return next();
  ctx.set('allow', 'POST');
  throw new RequestError(405, 'method', `${ctx.method} is not allowed here: send webhooks with POST`);
};

/**
 * A webhook at a path that no source has is lost, since the vendor sends it once. What strangers try at any address has no
 * signature, and is not worth a line.
 */
function reportMisdirected({
  sources,
  log,
}: {
  readonly sources: readonly Pick<Entrance, 'path'>[];
  readonly log: Pick<Log, 'warn'>;
}): Middleware {
  const pass = createGate(1, MISDIRECTED, Date.now);
  const paths = sources.map(({ path }) => path);
  return (ctx, next) => {
    const heldBack = ctx.method === 'POST' && signatureOf(ctx.req.headers) !== undefined ? pass() : null;
    if (heldBack !== null) {
      log.warn(
        { path: ctx.path.slice(0, LONGEST_PATH), from: ctx.ip, paths, heldBack },
        'a webhook came to a path that no source has, and was not taken: correct the URL in the dashboard, or the path of the source',
      );
    }
    return next();
  };
}

const isRefused = (error: unknown): boolean =>
  error instanceof RequestError && error.code === 'signature_invalid';

/** Node joins repeated headers with a comma, and so makes them one that no signature equals. */
function signatureOf(headers: Koa.Request['req']['headers']): string | undefined {
  const value = headers['x-webhook-signature'];
  return typeof value === 'string' ? value : undefined;
}
