import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { header } from './inspect.js';

/** One request that reached a listener of the demo. */
export interface Arrival {
  readonly body: string;
  readonly verified: boolean;
  /** None in the legacy format. */
  readonly event: string | null;
  readonly files: number;
  readonly webhookId: string | null;
  readonly attempt: string | null;
  /** HTTP status. */
  readonly answered: number;
}

export interface Listener {
  readonly url: string;
  /** In the order of their arrival. */
  readonly arrivals: readonly Arrival[];
  /** Answers the next request 500, as a handler does that is being repaired. */
  failOnce(): void;
  close(): Promise<void>;
}

/** What a vendor's page has its reader write: body and header in, whether it is signed and how many files it has out. */
type DocumentedHandler = (
  body: { readonly event?: string; readonly result: never },
  signature: string | undefined,
) => { readonly verified: boolean; readonly files: readonly unknown[] };

/** The vendor's page "Webhook (LEGACY)": the result is a string, which is what is signed. */
export function legacyHandler(secret: string): DocumentedHandler {
  return ({ result }: { readonly result: string }, signature) => {
    const key = secret.replace('E_AI_K_', '');
    const expected = createHmac('sha256', key).update(result).digest('base64');
    const verified = signature === expected;
    return { verified, files: verified ? JSON.parse(result) : [] };
  };
}

/** The vendor's page "Webhook": the result is a list, which is signed as `JSON.stringify` writes it. */
export function newHandler(secret: string): DocumentedHandler {
  return ({ result }: { readonly result: readonly unknown[] }, signature) => {
    const key = secret.replace('E_AI_K_', '');
    const expected = createHmac('sha256', key).update(JSON.stringify(result)).digest('base64');
    const verified = signature === expected;
    return { verified, files: verified ? result : [] };
  };
}

/** Serves a documented handler on a free port of this machine. */
export async function startListener(path: string, handler: DocumentedHandler): Promise<Listener> {
  const arrivals: Arrival[] = [];
  let failing = false;

  const answer = async (request: IncomingMessage): Promise<Arrival> => {
    const body = await text(request);
    const json: { readonly event?: string; readonly result: never } = JSON.parse(body);
    const { verified, files } = handler(json, header(request.headers, 'x-webhook-signature') ?? undefined);
    const answered = failing ? 500 : verified ? 200 : 401;
    failing = false;
    return {
      body,
      verified,
      event: json.event ?? null,
      files: files.length,
      webhookId: header(request.headers, 'webhook-id'),
      attempt: header(request.headers, 'x-shim-attempt'),
      answered,
    };
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (arrival) => {
        arrivals.push(arrival);
        response.writeHead(arrival.answered, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ message: MESSAGES[arrival.answered] }));
      },
      () => response.writeHead(400).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    arrivals,
    failOnce: () => {
      failing = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const MESSAGES: Readonly<Record<number, string>> = {
  200: 'Webhook received',
  401: 'Webhook is not properly signed',
  500: 'The handler is being repaired',
};
