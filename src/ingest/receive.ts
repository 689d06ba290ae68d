import type { SourceConfig } from '../config/config.js';
import { authenticate } from '../formats/request-body.js';
import { signingKey } from '../formats/signature.js';
import type { NewWebhook, Verified } from '../model.js';

/**
 * Takes one request's body and signature; resolves with the webhook's id once it is durable.
 *
 * @throws {RequestError} where the request is refused
 * @throws {StoreError} where it could not be stored: it must be sent again
 */
export type Receive = (body: string, signature: string | undefined) => Promise<number>;

/** The path of one request: verify, tell the format, store. What it means is found out after the answer. */
export function createReceive(
  source: Pick<SourceConfig, 'name' | 'secrets' | 'format'>,
  accept: (webhook: Verified<NewWebhook>) => Promise<number>,
  now: () => number,
): Receive {
  const keys = source.secrets.map(signingKey);
  return async (body, signature) => {
    const authentic = authenticate(body, signature, keys);
    return accept({
      source: source.name,
      format: source.format === 'auto' ? authentic.format : source.format,
      receivedAt: now(),
      body,
      signature: signature ?? '',
      secretIndex: authentic.secretIndex,
    } as Verified<NewWebhook>);
  };
}
