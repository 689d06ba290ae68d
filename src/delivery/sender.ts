import { performance } from 'node:perf_hooks';
import type { DestinationConfig } from '../config/config.js';
import { openOutbound } from '../outbound.js';
import type { Answer, Message } from './answer.js';
import { Exchange, type Line } from './exchange.js';
import { describeFault } from './fault.js';

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
  destination: Pick<DestinationConfig, 'url' | 'timeout' | 'concurrency' | 'tls' | 'proxy'>,
): Sender {
  const { timeout, concurrency } = destination;
  const url = new URL(destination.url);
  const { origin } = url;
  const path = url.pathname + url.search;
  const proxy = destination.proxy === null ? null : new URL(destination.proxy);
  const limit = timeout % 1000 === 0 ? `${timeout / 1000}s` : `${timeout}ms`;
  // The first request of a connection begins in the tick in which that is made.
  let connected = false;
  const outbound = openOutbound(destination, {
    connections: concurrency,
    connectTimeout: timeout,
    onConnect: () => {
      connected = true;
      queueMicrotask(() => {
        connected = false;
      });
    },
  });

  // The time limit is for the whole exchange, which undici's limits for its parts cannot express. All have the same
  // limit, so that a Set has them in the order in which they run out, and one timer for the oldest does for all.
  const underWay = new Set<Exchange>();
  let timer: NodeJS.Timeout | undefined;
  // What came while this process stood still (a frozen container, a disk that hangs) is read before it is too late: of
  // a turn of the event loop timers come first, then what was received, then immediates.
  const schedule = (ms: number): void => {
    timer ??= setTimeout(() => setImmediate(timeOut), ms);
  };
  const timeOut = (): void => {
    timer = undefined;
    const now = performance.now();
    for (const exchange of underWay) {
      const left = exchange.deadline - now;
      if (left > 0) {
        schedule(Math.ceil(left));
        return;
      }
      exchange.timeOut(limit);
    }
  };

  const dispatch = (exchange: Exchange): void => {
    const { body, headers } = exchange.content;
    const request = {
      origin,
      method: 'POST',
      path,
      headersTimeout: 0,
      bodyTimeout: 0,
      body,
      // undici's ProxyAgent writes into what it is given.
      headers: proxy === null ? headers : { ...headers },
    } as const;
    outbound.dispatch(request, exchange);
  };
  const line: Line = {
    timeout,
    describe: (error) => describeFault(error, url, proxy),
    isFirst: () => connected,
    // Not at once: undici is amid the end of the connection that failed.
    again: (exchange) => queueMicrotask(() => dispatch(exchange)),
    ended: (exchange) => underWay.delete(exchange),
  };

  const abandon = (): void => {
    for (const exchange of underWay) exchange.abandon();
  };

  return {
    send: ({ body: text, headers }) => {
      // What undici would make of it. No closure here holds the text, so that it is garbage at once: what is held until
      // the answer outlives the young generation, and to collect the old one costs the most.
      const body = Buffer.from(text, 'utf8');
      return new Promise((resolve) => {
        const exchange = new Exchange(line, { body, headers }, resolve);
        underWay.add(exchange);
        schedule(timeout);
        dispatch(exchange);
      });
    },
    abandon,
    close: async () => {
      abandon();
      clearTimeout(timer);
      await outbound.destroy();
    },
  };
}
