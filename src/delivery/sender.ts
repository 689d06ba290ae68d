import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import type { DestinationConfig } from '../config/config.js';
import type { Answer, Message } from './answer.js';
import { Exchange } from './exchange.js';

export interface Sender {
  /** Never rejects, and ends within the destination's timeout. @returns null where it was abandoned. */
  send(message: Message): Promise<Answer | null>;
  /** Ends what is on its way, without an answer. */
  abandon(): void;
  /** Abandons what is on its way and closes the connections. */
  close(): Promise<void>;
}

/** Sends to one destination, over connections of its own. Redirects are not followed. */
export function createSender(
  destination: Pick<DestinationConfig, 'url' | 'timeout' | 'concurrency'>,
): Sender {
  const { timeout, concurrency } = destination;
  const url = new URL(destination.url);
  const request = {
    method: 'POST',
    path: url.pathname + url.search,
    headersTimeout: 0,
    bodyTimeout: 0,
  } as const;
  const limit = timeout % 1000 === 0 ? `${timeout / 1000}s` : `${timeout}ms`;
  const pool = new Pool(url.origin, { connections: concurrency, pipelining: 1, connectTimeout: timeout });

  // The time limit is for the whole exchange, which undici's limits for its parts cannot express. All have the same
  // limit, so that a Set has them in the order in which they run out, and one timer for the oldest does for all.
  const underWay = new Set<Exchange>();
  let timer: NodeJS.Timeout | undefined;
  const timeOut = (): void => {
    timer = undefined;
    const now = performance.now();
    for (const exchange of underWay) {
      const left = exchange.deadline - now;
      if (left > 0) {
        timer = setTimeout(timeOut, Math.ceil(left));
        return;
      }
      exchange.timeOut(limit);
    }
  };

  const abandon = (): void => {
    for (const exchange of underWay) exchange.abandon();
  };

  return {
    send: (message) =>
      new Promise((resolve) => {
        const exchange = new Exchange(url, timeout, (ended, answer) => {
          underWay.delete(ended);
          resolve(answer);
        });
        underWay.add(exchange);
        timer ??= setTimeout(timeOut, timeout);
        pool.dispatch({ ...request, body: message.body, headers: message.headers }, exchange);
      }),
    abandon,
    close: async () => {
      abandon();
      clearTimeout(timer);
      await pool.destroy();
    },
  };
}
