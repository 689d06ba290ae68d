import type { DestinationConfig } from '../config/config.js';
import type { Verdict } from './check-view.js';
import { connectionFault } from './post.js';
import { printable } from './text.js';

const TIMEOUT = 5_000;

/**
 * Whether something answers HTTP at a destination. Any status will do: a handler for webhooks owes a HEAD request
 * nothing, and a webhook of ours must not be made up. Never rejects.
 */
export async function probe({ url }: Pick<DestinationConfig, 'url'>): Promise<Verdict> {
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { timeout: TIMEOUT } });
  try {
    const { statusCode, body } = await request(url, {
      method: 'HEAD',
      headersTimeout: TIMEOUT,
      bodyTimeout: TIMEOUT,
      dispatcher,
    });
    await body.dump();
    return { ok: true, message: `answers (HEAD: ${statusCode})` };
  } catch (error) {
    return { ok: false, message: `does not answer: ${printable(connectionFault(error))}` };
  } finally {
    await dispatcher.destroy();
  }
}
