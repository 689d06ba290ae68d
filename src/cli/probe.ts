import type { DestinationConfig } from '../config/config.js';
import { printable } from '../printable.js';
import type { Verdict } from './check-view.js';
import { connectionFault } from './post.js';

const TIMEOUT = 5_000;

/**
 * Whether something answers HTTP at a destination, on the way that its deliveries take. Any status will do: a handler
 * for webhooks owes a HEAD request nothing, and a webhook of ours must not be made up. Never rejects.
 */
export async function probe(destination: Pick<DestinationConfig, 'url' | 'tls' | 'proxy'>): Promise<Verdict> {
  const { openOutbound } = await import('../outbound.js');
  const { url, proxy } = destination;
  const way = proxy === null ? '' : `, through the proxy ${new URL(proxy).host}`;
  const outbound = openOutbound(destination, { connections: 1, connectTimeout: TIMEOUT });
  // A proxy may take the connection and then say nothing: undici's own limits, and signals, need a connection.
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void outbound.destroy();
  }, TIMEOUT);
  try {
    const { origin, pathname, search } = new URL(url);
    const { statusCode, body } = await outbound.request({
      method: 'HEAD',
      origin,
      path: pathname + search,
    });
    await body.dump();
    return { ok: true, message: `answers (HEAD: ${statusCode}${way})` };
  } catch (error) {
    const fault = late ? `nothing came within ${TIMEOUT / 1000} s` : connectionFault(error);
    return { ok: false, message: `does not answer: ${printable(fault)}${way}` };
  } finally {
    clearTimeout(timer);
    await outbound.destroy();
  }
}
