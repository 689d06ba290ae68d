import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Format } from '../../src/model.js';

/** What one file of one event was delivered with, by a documented listener's own account. */
interface Arrival {
  readonly webhookId: string;
  /** The place in the order of arrivals. */
  readonly at: number;
}

/** A listener as the vendor documents it, in one of the two formats, that keeps account of each file. */
export interface MigrationHandler {
  readonly url: string;
  /** `status:fileId` to its arrivals that were answered 200. */
  readonly files: ReadonlyMap<string, readonly Arrival[]>;
  requests: number;
  refused: number;
  /** What it answers; 200 unless a test says otherwise. */
  status: number;
}

export async function startMigrationHandler(format: Format, secret: string): Promise<MigrationHandler> {
  const files = new Map<string, Arrival[]>();
  const key = secret.replace('E_AI_K_', '');
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    handler.requests++;
    const { result } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const signed: string = format === 'legacy' ? result : JSON.stringify(result);
    const expected = createHmac('sha256', key).update(signed).digest('base64');
    if (request.headers['x-webhook-signature'] !== expected) {
      handler.refused++;
      response.statusCode = 401;
      return response.end();
    }
    response.statusCode = handler.status;
    if (handler.status === 200) {
      for (const { status, fileId } of format === 'legacy' ? JSON.parse(result) : result) {
        const key = `${status}:${fileId}`;
        const arrivals = files.get(key) ?? [];
        arrivals.push({ webhookId: String(request.headers['webhook-id']), at: handler.requests });
        files.set(key, arrivals);
      }
    }
    return response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const handler: MigrationHandler = {
    url: `http://127.0.0.1:${port}/hook`,
    files,
    requests: 0,
    refused: 0,
    status: 200,
  };
  return handler;
}
