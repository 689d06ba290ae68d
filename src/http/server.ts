import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ShimError } from '../errors.js';

/** What a stranger can hold of us; times in milliseconds. */
export const LIMITS = {
  connections: 2_048,
  headerBytes: 16 * 1024,
  headers: 100,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  /**
   * So long a server that closes keeps connections that are idle: on each a request may be on its way, and the vendor
   * sends nothing twice. The way to the other side of the world takes 150 ms.
   */
  linger: 250,
};

/** Between two looks for idle connections of a server that closes, in milliseconds. */
const IDLE_SWEEP = 250;

export interface HttpServer {
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  /** Takes no more requests, finishes those it has, and after `grace` milliseconds ends what is left. */
  close(grace: number): Promise<void>;
}

/** @throws {ShimError} `port_in_use` or `port_unusable` */
export async function serveHttp(
  answer: RequestListener,
  address: { readonly host: string; readonly port: number },
  limits: Readonly<typeof LIMITS> = LIMITS,
): Promise<HttpServer> {
  let closing = false;
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.keepAliveTimeout,
      connectionsCheckingInterval: 1_000,
      // Node would answer without a body.
      requireHostHeader: false,
    },
    (request, response) => {
      // A connection that is kept would bring requests until the grace is over, when those under way are cut off.
      if (closing) response.setHeader('connection', 'close');
      const path = pathOf(request.url ?? '');
      if (request.httpVersion === '1.1' && request.headers.host === undefined) {
        refuse(response, 400, 'The header Host is missing');
      } else if (request.httpVersion !== '1.1' && request.headers['transfer-encoding'] !== undefined) {
        // Whoever is in between may not know it, and take its content for the next request (RFC 9112, section 6.1).
        refuse(response, 400, INVALID);
      } else if (request.rawHeaders.length > 2 * limits.headers) {
        refuse(response, 431, TOO_MANY);
      } else if (path === null) refuse(response, 400, INVALID);
      else {
        request.url = path;
        answer(request, response);
      }
    },
  );
  server.maxConnections = limits.connections;
  // Node leaves out what is beyond, without a word (24 refuses it): the signature might be among it.
  server.maxHeadersCount = limits.headers + 1;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', answerClientError);
  server.on('checkExpectation', (_request, response) => {
    refuse(response, 417, 'Only Expect: 100-continue is understood');
  });
  server.on('connect', (_request, socket) => {
    endWith(socket, '405 Method Not Allowed', 'This is no proxy');
  });
  await listen(server, address);

  const { address: host, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`,
    close: (grace) =>
      new Promise((resolve) => {
        closing = true;
        const timer = setTimeout(() => server.closeAllConnections(), grace);
        let sweep: NodeJS.Timeout | undefined;
        const closeIdle = (): void => {
          server.closeIdleConnections();
          // To Node, a connection on which nothing has come yet is one with a request under way.
          for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
        };
        // What has come meanwhile is heard first, also after a standstill, such as a large body is.
        const closeIdleSoon = (): void => void setImmediate(closeIdle);
        const linger = setTimeout(
          () => {
            closeIdleSoon();
            // Whoever was told before that its connection is kept has no request under way any more.
            sweep = setInterval(closeIdleSoon, IDLE_SWEEP);
          },
          Math.min(limits.linger, grace),
        );
        // That of HTTP ends idle connections at once.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(timer);
          clearTimeout(linger);
          clearInterval(sweep);
          // Until then late requests are timed out; after it, only that ends the interval which looks for them.
          server.close();
          resolve();
        });
      }),
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)));
    server.listen(port, host, resolve);
  });
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): ShimError {
  if (cause.code === 'EADDRINUSE') {
    const message = `port ${port} on ${host} is in use: stop the program that has it, or set another port in the configuration`;
    return new ShimError('port_in_use', message, { cause });
  }
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'ports below 1024 need more rights: set another one in the configuration',
    EADDRNOTAVAIL:
      'no network interface has this address: set server.host or admin.host to one of this machine',
    ENOTFOUND: 'the host name is not known: set server.host or admin.host to an address of this machine',
  };
  const reason = reasons[cause.code ?? ''] ?? cause.message;
  return new ShimError('port_unusable', `cannot listen on ${host}:${port}: ${reason}`, { cause });
}

/**
 * Path and query of a request's target; null where it has none. Of all else, a scheme and a host as for a proxy or a
 * fragment, Koa has only `url.parse`, which throws or prints a DeprecationWarning at some of what anyone can send.
 */
function pathOf(target: string): string | null {
  if (target.startsWith('/')) return target.replace(/#.*/, '');
  if (target === '*') return target;
  if (!/^https?:/i.test(target) || !URL.canParse(target)) return null;
  const { pathname, search } = new URL(target);
  return pathname + search;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const INVALID = 'This is not a valid request';
const TOO_MANY = 'There are too many headers, or they are too large';

const CLIENT_ERRORS: Readonly<Record<string, readonly [string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', TOO_MANY],
};

/** What never became a request is answered in JSON as well. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] = CLIENT_ERRORS[error.code ?? ''] ?? ['400 Bad Request', INVALID];
  endWith(socket, status, message);
}

function endWith(socket: Duplex, status: string, message: string): void {
  const body = JSON.stringify({ message });
  // A socket that Node has handed over has nobody else who listens for its errors, or who closes it.
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

/** What never reaches the app is answered in JSON as well. */
function refuse(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, { 'content-type': JSON_TYPE, connection: 'close' })
    .end(JSON.stringify({ message }));
}
