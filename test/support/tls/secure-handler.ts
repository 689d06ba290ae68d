import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { pem } from './files.js';

export interface SecureHandler {
  readonly url: string;
  /** The name in the certificate of whoever sent each request; null where it showed none. */
  readonly clients: readonly (string | null)[];
  readonly connections: () => number;
}

/** An https handler on a free port of this machine, which answers with the name of its client; ends with the test. */
export async function startSecureHandler(options: ServerOptions = {}): Promise<SecureHandler> {
  const clients: (string | null)[] = [];
  let connections = 0;
  const own = { key: pem('server.key'), cert: pem('server.pem'), ca: pem('authority.pem') };
  const server = createServer({ ...own, ...options }, (request, response) => {
    const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
    const name = CN === undefined ? null : String(CN);
    clients.push(name);
    request.resume().on('end', () => response.end(String(name)));
  });
  server.on('connection', () => {
    connections++;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/hook?a=b`, clients, connections: () => connections };
}

/** What a handler has to be told to refuse whoever has no certificate. */
export const ASKING: ServerOptions = { requestCert: true, rejectUnauthorized: true };
