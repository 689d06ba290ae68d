import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { normalize, sign, toLegacy, verify } from '../src/index.js';

const SECRET = 'E_AI_K_c2VjcmV0';
const FILES =
  '[{"extractionId":"e","batchId":"b","fileId":"f","status":"processed","result":{"total":1.00}}]';
const LEGACY = JSON.stringify({ result: FILES });
const NEW = `{"event":"extraction.processed","result":${FILES}}`;

describe('verify', () => {
  it('takes the header as node:http gives it, and no list of them', () => {
    const signature = sign(LEGACY, SECRET);
    const of = (headers: IncomingHttpHeaders) => verify(LEGACY, headers['x-webhook-signature'], SECRET);
    expect(of({ 'x-webhook-signature': signature })).toMatchObject({ format: 'legacy', body: LEGACY });
    const refused = expect.objectContaining({ name: 'RequestError', status: 401 });
    expect(() => of({})).toThrow(refused);
    expect(() => of({ 'x-webhook-signature': [signature] })).toThrow(refused);
    expect(() => of({ 'x-webhook-signature': [signature, signature] })).toThrow(refused);
  });
});

describe('toLegacy', () => {
  it('carries the result over as it was written', () => {
    expect(toLegacy('{"event":"a.b", "result": [ 1.0 ]}')).toBe('{"result":"[ 1.0 ]"}');
  });

  it('leaves a legacy body as it is, also one that it made itself', () => {
    expect(toLegacy(`${LEGACY}\n`)).toBe(`${LEGACY}\n`);
    expect(toLegacy(toLegacy(NEW))).toBe(LEGACY);
  });

  it('is what becomes the same event again', () => {
    const there = normalize(verify(NEW, sign(NEW, SECRET), SECRET));
    const legacy = toLegacy(NEW);
    expect(normalize(verify(legacy, sign(legacy, SECRET), SECRET))).toEqual(there);
  });

  it.each(['event', '[]', '{"event":"a.b"}'])('makes nothing of what is no webhook: %s', (body) => {
    expect(() => toLegacy(body)).toThrow(expect.objectContaining({ name: 'RequestError', status: 400 }));
  });
});

describe('normalize', () => {
  it('tells why a webhook becomes no event', () => {
    const body = '{"result":"[]"}';
    expect(normalize(verify(body, sign(body, SECRET), SECRET))).toEqual({
      outcome: 'quarantined',
      reason: 'no_files',
      errors: ['result has no files'],
    });
  });
});

describe('what only JavaScript lets through', () => {
  const usage = expect.objectContaining({ name: 'UsageError', code: 'usage' });

  it.each([
    ['a buffer', Buffer.from(NEW)],
    ['a parsed body', JSON.parse(NEW)],
    ['none', undefined],
  ])('is refused as a body: %s', (_name, body) => {
    expect(() => verify(body as string, sign(NEW, SECRET), SECRET)).toThrow(usage);
    expect(() => sign(body as string, SECRET)).toThrow(usage);
    expect(() => toLegacy(body as string)).toThrow(usage);
  });

  it.each([
    ['a body', LEGACY],
    ['a parsed body', JSON.parse(LEGACY)],
    ['none', undefined],
  ])('is refused as a webhook: %s', (_name, webhook) => {
    expect(() => normalize(webhook as Parameters<typeof normalize>[0])).toThrow(usage);
  });

  it.each([
    ['a variable that is not set', undefined],
    ['null', null],
    ['an empty list', []],
    ['a list with a variable that is not set', [SECRET, undefined]],
  ])('is refused as a secret: %s', (_name, secret) => {
    expect(() => verify(LEGACY, sign(LEGACY, SECRET), secret as unknown as string)).toThrow(usage);
    if (!Array.isArray(secret)) expect(() => sign(LEGACY, secret as unknown as string)).toThrow(usage);
  });
});
