import { createHash, timingSafeEqual } from 'node:crypto';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import { isLoopback } from '../config/check-values.js';
import { RequestError } from '../errors.js';
import type { Log } from '../telemetry/log.js';
import { answerNotFound, createApp } from './answers.js';

/** One named check of readiness. */
export interface Check {
  readonly ok: boolean;
  /** What is wrong, and what to do; or what was found. */
  readonly message: string;
}

export type Checks = Readonly<Record<string, Check>>;

/** A page of text. */
export interface Page {
  /** Its media type. */
  readonly type: string;
  readonly text: string;
}

/**
 * The admin port. The two health pages need no token, since they say nothing but names and states without it; that the
 * process lives may be asked by any name.
 */
export function createAdminApp(options: {
  readonly token: string | null;
  readonly ready: () => Promise<Checks>;
  readonly metrics: () => Promise<Page>;
  readonly log: Log;
}): Koa {
  const isTrusted = trustedBy(options.token);
  const alive = new Router();
  alive.get('/healthz', (ctx) => {
    ctx.body = { message: 'ok' };
  });
  const router = new Router();
  router.get('/readyz', async (ctx) => {
    const checks = await options.ready();
    const failed = Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]));
    ctx.status = failed.length === 0 ? 200 : 503;
    ctx.body = {
      message: failed.length === 0 ? 'ready' : `not ready: ${failed.join(', ')}`,
      checks: isTrusted(ctx) ? checks : statesOf(checks),
    };
  });

  const guarded = new Router();
  guarded.get('/metrics', async (ctx) => {
    const { type, text } = await options.metrics();
    ctx.set('content-type', type);
    ctx.body = text;
  });

  const app = createApp(options.log);
  app.use(alive.routes());
  if (options.token === null) app.use(requireLocalHost);
  app.use(router.routes()).use(requireTrust(isTrusted)).use(guarded.routes()).use(answerNotFound);
  return app;
}

/**
 * Any page that a browser on this machine has open can give its own name this machine's address, and then read what this
 * port says (DNS rebinding): the header Host is then that name. What sends none is no browser.
 */
const requireLocalHost: Middleware = async (ctx, next) => {
  const host = ctx.get('host');
  if (host !== '' && !isLocal(host)) {
    throw new RequestError(
      403,
      'host',
      'Without a token this port answers to localhost and loopback addresses alone: set admin.token to ask it by another name',
    );
  }
  await next();
};

function isLocal(host: string): boolean {
  const url = `http://${host}`;
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return isLoopback(hostname) || hostname.endsWith('.localhost');
}

/** What a message says of the store, its host, its user or its folder, is not for who has no token. */
const statesOf = (checks: Checks): object =>
  Object.fromEntries(Object.entries(checks).map(([name, { ok }]) => [name, { ok }]));

/** Whether a request has the token; any has, where there is none. */
function trustedBy(token: string | null): (ctx: Context) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  // Digests have one length, so that the comparison tells nothing about the token's.
  return (ctx) =>
    token === null || timingSafeEqual(digest(ctx.get('authorization')), digest(`Bearer ${token}`));
}

function requireTrust(isTrusted: (ctx: Context) => boolean): Middleware {
  return async (ctx, next) => {
    if (!isTrusted(ctx)) {
      ctx.set('www-authenticate', 'Bearer');
      throw new RequestError(401, 'token', 'Send the admin token: Authorization: Bearer …');
    }
    await next();
  };
}
