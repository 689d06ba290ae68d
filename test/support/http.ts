import { connect } from 'node:net';
import type { LogFn } from 'pino';
import { createPublicApp } from '../../src/http/public-app.js';
import { type HttpServer, serveHttp } from '../../src/http/server.js';
import type { IngestOutcome } from '../../src/ingest/outcome.js';
import { createReceive } from '../../src/ingest/receive.js';
import type { RefusedRequest } from '../../src/ingest/refused-sample.js';
import type { Format, NewWebhook, Verified } from '../../src/model.js';
import type { Log } from '../../src/telemetry/log.js';

/** A log that keeps its lines. */
export function memoryLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const write = ((...args: unknown[]) => {
    lines.push(args.map((arg) => (arg instanceof Error ? arg.message : JSON.stringify(arg))).join(' '));
  }) as LogFn;
  return { lines, debug: write, info: write, warn: write, error: write, fatal: write };
}

export interface PublicServer extends HttpServer {
  /** What was accepted. */
  readonly accepted: Verified<NewWebhook>[];
  /** What was told of each answer. */
  readonly answered: (readonly [IngestOutcome, Format | null])[];
  /** What was shown for its signature. */
  readonly refused: readonly RefusedRequest[];
  readonly log: ReturnType<typeof memoryLog>;
}

/** The public port with a source at `/webhook`, on a free port of this machine. */
export async function startPublic(options: {
  readonly secrets: readonly [string, ...string[]];
  readonly bodyLimit?: number;
  readonly format?: 'auto' | 'legacy' | 'new';
  readonly limits?: Parameters<typeof serveHttp>[2];
  readonly accept?: (webhook: Verified<NewWebhook>) => Promise<number>;
}): Promise<PublicServer> {
  const accepted: Verified<NewWebhook>[] = [];
  const answered: PublicServer['answered'] = [];
  const refused: RefusedRequest[] = [];
  const log = memoryLog();
  const keep = async (webhook: Verified<NewWebhook>): Promise<number> => accepted.push(webhook);
  const source = { name: 'extracta', secrets: options.secrets, format: options.format ?? 'auto' };
  const receive = createReceive(source, options.accept ?? keep, () => 1_000);
  const app = createPublicApp({
    sources: [
      {
        path: '/webhook',
        receive,
        onAnswer: (outcome, format) => answered.push([outcome, format]),
        onRefused: (request) => refused.push(request),
      },
    ],
    bodyLimit: options.bodyLimit ?? 10 * 1024 * 1024,
    log,
  });
  return {
    ...(await serveHttp(app.callback(), { host: '127.0.0.1', port: 0 }, options.limits)),
    accepted,
    answered,
    refused,
    log,
  };
}

/** Sends bytes as they are and resolves with all that comes back until the connection ends or `until` is seen. */
export function sendRaw(url: string, parts: readonly string[], until = '\r\n\r\n{'): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (received.includes(until) && received.endsWith('}')) socket.destroy();
    });
    socket.on('close', () => resolve(received));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    for (const part of parts) socket.write(part, 'latin1');
  });
}
