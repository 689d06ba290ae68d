import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { UsageError } from '../errors.js';

const PREFIX = 'E_AI_K_';

/**
 * The HMAC key of a dashboard secret: its UTF-8 bytes without the first `E_AI_K_` in it (protocol section 1).
 *
 * @throws {UsageError} where that leaves nothing: an empty key signs as any other, for anyone
 */
export function signingKey(secret: string): KeyObject {
  const key = secret.replace(PREFIX, '');
  if (key === '') {
    throw new UsageError(
      'usage',
      `the secret is empty, or nothing but "${PREFIX}": anyone could sign with it; take the one of the dashboard`,
    );
  }
  return createSecretKey(key, 'utf8');
}

/** base64( HMAC-SHA256( key, text as UTF-8 ) ): 44 characters. */
export function mac(text: string, key: KeyObject): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('base64');
}

/**
 * Which of the keys signed the text: its index, or -1. The header is compared as bytes and in constant time; every
 * key is tried, so that the time tells nothing about which one it was.
 */
export function findSigner(text: string, header: string | undefined, keys: readonly KeyObject[]): number {
  const given = Buffer.from(header ?? '', 'latin1');
  let signer = -1;
  for (const [index, key] of keys.entries()) {
    const expected = Buffer.from(mac(text, key), 'latin1');
    if (given.length === expected.length && timingSafeEqual(given, expected) && signer === -1) signer = index;
  }
  return signer;
}
