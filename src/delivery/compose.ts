import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { DestinationConfig, SourceConfig } from '../config/config.js';
import { asLegacy, listenerText, toNew } from '../formats/forward.js';
import { mac, signingKey } from '../formats/signature.js';
import type { ClaimedDelivery } from '../model.js';
import type { Message } from './answer.js';

/** A body and its `x-webhook-signature`. */
interface Signed {
  readonly body: string;
  readonly signature: string;
}

/** @throws where the event cannot be built or signed. */
export type Compose = (
  delivery: ClaimedDelivery,
  destination: Pick<DestinationConfig, 'format' | 'secret' | 'standardSecret' | 'headers'>,
  now: number,
) => Message;

/** Makes the request of a delivery in the format of its destination: body, signatures, and the headers of protocol section 5. */
export function createCompose(
  sources: readonly Pick<SourceConfig, 'name' | 'secrets'>[],
  version: string,
): Compose {
  const secrets = new Map(sources.map(({ name, secrets: [first] }) => [name, first]));
  const keyOf = cached(signingKey);
  const standardKeyOf = cached(standardKey);
  const secretFor = (source: string, own: string | null): string => {
    const secret = own ?? secrets.get(source);
    if (secret !== undefined) return secret;
    throw new Error(
      `source "${source}" is not configured, so its secret cannot sign; give the destination a secret`,
    );
  };
  const signed = (delivery: ClaimedDelivery, { format, secret }: Parameters<Compose>[1]): Signed => {
    const { webhook } = delivery;
    if (format === 'legacy' && webhook.format === 'legacy' && delivery.whole) {
      const { body, signature } = webhook;
      return { body, signature: secret === null ? signature : mac(listenerText(body), keyOf(secret)) };
    }
    const key = keyOf(secretFor(webhook.source, secret));
    const outgoing = format === 'legacy' ? asLegacy(delivery) : toNew(delivery);
    return { body: outgoing.body, signature: mac(outgoing.signedText, key) };
  };
  const userAgent = `extracta-webhook-shim/${version}`;

  return (delivery, destination, now) => {
    const { source, format } = delivery.webhook;
    const { body, signature } = signed(delivery, destination);
    const timestamp = String(Math.floor(now / 1000));
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      // After what a user may have reasons to replace, before what receivers rely on.
      ...destination.headers,
      'x-webhook-signature': signature,
      'webhook-id': delivery.messageId,
      'webhook-timestamp': timestamp,
      'x-shim-source': source,
      'x-shim-format': format,
      'x-shim-attempt': String(delivery.attempts + 1),
    };
    if (destination.standardSecret !== null) {
      const text = `${delivery.messageId}.${timestamp}.${body}`;
      headers['webhook-signature'] = standardSignature(text, standardKeyOf(destination.standardSecret));
    }
    return { body, headers };
  };
}

/** The key of a `whsec_` secret: what follows the prefix, from base64 (standardwebhooks.com). */
const standardKey = (secret: string): KeyObject =>
  createSecretKey(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));

// The library of that standard would do, but its SHA-256 is written in JavaScript: many times slower.
const standardSignature = (text: string, key: KeyObject): string =>
  `v1,${createHmac('sha256', key).update(text, 'utf8').digest('base64')}`;

/** Making a key costs as much as signing with it. */
function cached(make: (secret: string) => KeyObject): (secret: string) => KeyObject {
  const keys = new Map<string, KeyObject>();
  return (secret) => {
    const known = keys.get(secret);
    if (known !== undefined) return known;
    const key = make(secret);
    keys.set(secret, key);
    return key;
  };
}
