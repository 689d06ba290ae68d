import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authenticate, formatOf, readRequestBody, signBody } from '../../src/formats/request-body.js';
import { mac, signingKey } from '../../src/formats/signature.js';
import { jsonText } from '../support/json-text.js';

const SECRET = 'E_AI_K_c2VjcmV0';
const keys = [signingKey('E_AI_K_other'), signingKey(SECRET)];
const BODY = '{"result":"[]"}';

const refusal = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'accepted';
};

describe('authenticate', () => {
  it('names the secret that signed', () => {
    expect(authenticate(BODY, signBody(BODY, SECRET), keys)).toMatchObject({
      format: 'legacy',
      secretIndex: 1,
    });
    // With the prefix and without it, a secret is the same key: the first of them is named.
    const twice = [SECRET, SECRET.replace('E_AI_K_', '')].map(signingKey);
    expect(authenticate(BODY, signBody(BODY, SECRET), twice).secretIndex).toBe(0);
  });

  it('accepts nothing that is not signed right', () => {
    fc.assert(
      fc.property(
        jsonText,
        fc.oneof(fc.string(), fc.base64String(), fc.constant(undefined)),
        (result, signature) => {
          const body = `{"result":${result}}`;
          const right = signBody(body, SECRET);
          fc.pre(signature !== right);
          expect(refusal(() => authenticate(body, signature, [signingKey(SECRET)]))).toBe(
            'signature_invalid',
          );
        },
      ),
    );
  });

  const right = signBody(BODY, SECRET);
  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['hex', Buffer.from(right, 'base64').toString('hex')],
    ['a prefix', right.slice(0, -1)],
    ['one with more behind it', `${right}=`],
    ['two in one', `${right}, ${right}`],
    ['base64url', right.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')],
    ['white space around it', ` ${right}`],
    ['the MAC of the whole body', mac(BODY, signingKey(SECRET))],
    ['the MAC with the prefix left in the key', mac('[]', signingKey(`E_AI_K_${SECRET}`))],
  ])('refuses a signature that is %s', (_name, signature) => {
    expect(refusal(() => authenticate(BODY, signature, keys))).toBe('signature_invalid');
  });

  it.each(['', 'E_AI_K_'])('has no key for a secret that anyone knows: "%s"', (secret) => {
    expect(refusal(() => signingKey(secret))).toBe('usage');
    expect(refusal(() => signBody(BODY, secret))).toBe('usage');
  });

  it('removes the first E_AI_K_ of the secret alone, wherever it stands', () => {
    const expected = createHmac('sha256', 'abE_AI_K_c').update('x').digest('base64');
    expect(mac('x', signingKey('aE_AI_K_bE_AI_K_c'))).toBe(expected);
  });
});

describe('readRequestBody', () => {
  it.each([
    ['{"result":', 'body_not_json'],
    ['', 'body_not_json'],
    ['[]', 'body_not_object'],
    ['null', 'body_not_object'],
    ['"result"', 'body_not_object'],
    ['{}', 'result_missing'],
    ['{"__proto__":{"result":"[]"}}', 'result_missing'],
    [`{"result":${'['.repeat(300)}${']'.repeat(300)}}`, 'nesting_too_deep'],
  ])('refuses %s', (text, code) => {
    expect(refusal(() => readRequestBody(text))).toBe(code);
  });

  it('takes a result of null for one that is there', () => {
    expect(readRequestBody('{"result":null}').signedText).toBe('null');
  });
});

describe('formatOf', () => {
  it.each([
    ['{"result":"[]"}', 'legacy'],
    ['{"result":"[]","event":"extraction.processed"}', 'legacy'],
    ['{"result":[]}', 'legacy'],
    ['{"result":[],"event":7}', 'legacy'],
    ['{"result":[],"event":"x"}', 'new'],
  ])('%s is %s', (text, format) => expect(formatOf(readRequestBody(text))).toBe(format));
});
