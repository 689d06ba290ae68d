import type { SourceConfig } from '../config/config.js';
import { authenticate } from '../formats/request-body.js';
import { signingKey } from '../formats/signature.js';
import type { Format, NewWebhook, Verified } from '../model.js';

/** A webhook that is durable. */
interface Received {
  readonly id: number;
  readonly format: Format;
}

/**
 * Takes one request's body and signature; resolves once the webhook is durable.
 *
 * @throws {RequestError} where the request is refused
 * @throws {StoreError} where it could not be stored: it must be sent again
 */
export type Receive = (body: string, signature: string | undefined) => Promise<Received>;

/**
 * Verifies one request of a source and tells its format.
 *
 * @param receivedAt when it came
 * @throws {RequestError} where the request is refused
 */
export type VerifyRequest = (
  body: string,
  signature: string | undefined,
  receivedAt: number,
) => Verified<NewWebhook>;

type VerifyingSource = Pick<SourceConfig, 'name' | 'secrets' | 'format'>;

/** The path of one request: verify, tell the format, store. What it means is found out after the answer. */
export function createReceive(
  source: VerifyingSource,
  accept: (webhook: Verified<NewWebhook>) => Promise<number>,
  now: () => number,
): Receive {
  const verify = createVerify(source);
  return async (body, signature) => {
    const webhook = verify(body, signature, now());
    return { id: await accept(webhook), format: webhook.format };
  };
}

export function createVerify(source: VerifyingSource): VerifyRequest {
  const keys = source.secrets.map(signingKey);
  return (body, signature, receivedAt) => {
    const authentic = authenticate(body, signature, keys);
    return {
      source: source.name,
      format: source.format === 'auto' ? authentic.format : source.format,
      receivedAt,
      body,
      signature: signature ?? '',
      secretIndex: authentic.secretIndex,
    } as Verified<NewWebhook>;
  };
}
