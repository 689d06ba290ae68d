import type { ServerResponse } from 'node:http';
import { vi } from 'vitest';
import type { Dispatcher } from '../../src/delivery/dispatcher.js';
import { readBody, startServer } from './servers.js';
import { destinationAt, type Setup } from './setup.js';

export interface Arrived {
  readonly id: unknown;
  readonly attempt: unknown;
  readonly signature: unknown;
  readonly body: string;
}
export type Answer = (response: ServerResponse, arrived: Arrived) => void;

export interface Handler {
  readonly url: string;
  readonly arrived: readonly Arrived[];
}

/** A handler that keeps what arrives and answers as it is told; it ends with the setup. */
export async function handlerOf(
  setup: Setup,
  answer: Answer = (response) => response.end(),
): Promise<Handler> {
  const arrived: Arrived[] = [];
  const server = await startServer(async (request, response) => {
    const { headers } = request;
    const body = await readBody(request);
    const one = {
      id: headers['webhook-id'],
      attempt: headers['x-shim-attempt'],
      signature: headers['x-webhook-signature'],
      body,
    };
    arrived.push(one);
    answer(response, one);
  });
  setup.handlers.push(server);
  return { url: server.url, arrived };
}

export const until = (condition: () => boolean | Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 180_000, interval: 5 });

export const many = (count: number, to: string): { id: string; to: [string] }[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${to}-${index}`, to: [to] }));

/** A dispatcher with one request under way and deliveries that it holds ahead; `finish` ends that request. */
export async function holdAhead(
  setup: Setup,
): Promise<{ finish: () => void; dispatcher: Dispatcher; arrived: readonly Arrived[] }> {
  const held: ServerResponse[] = [];
  const { url, arrived } = await handlerOf(setup, (response) => held.push(response));
  await setup.add(...many(50, 'billing'));
  const dispatcher = setup.dispatch(destinationAt(url, { concurrency: 1 }));
  // Answers, so that it claims ahead.
  for (let sent = 1; sent <= 10; sent++) {
    await until(() => held.length === sent);
    held[sent - 1]?.end();
  }
  await until(() => held.length === 11);
  await until(async () => (await setup.count('delivered')) === 10);
  await until(async () => (await setup.count('sending')) > 1);
  return { finish: () => held[10]?.end(), dispatcher, arrived };
}
