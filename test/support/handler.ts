import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One request as it reached a handler. */
interface Received {
  readonly body: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Handler {
  readonly url: string;
  readonly received: readonly Received[];
  /** What the next answers are, one for each request; 200 when there are no more. */
  readonly answers: number[];
}

/**
 * A handler on a free port of this machine; ends with the test.
 *
 * @param pause milliseconds before each answer
 */
export async function startHandler(pause = 0): Promise<Handler> {
  const received: Received[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = request.headers as Readonly<Record<string, string | undefined>>;
    received.push({ body: Buffer.concat(chunks).toString('utf8'), headers });
    response.statusCode = answers.shift() ?? 200;
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    response.end('{"message":"Webhook received"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received, answers };
}

/** Waits for a condition, whose last failure is the error where it does not come true: on a busy machine that takes long. */
export async function eventually<T>(check: () => T | Promise<T>, seconds = 180): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
