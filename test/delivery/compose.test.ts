import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { legacyHandler } from '../../src/cli/demo-listeners.js';
import { createCompose } from '../../src/delivery/compose.js';
import { jsonText } from '../support/json-text.js';
import { documentedSignature } from '../support/listener.js';
import { claimed, legacyBody } from './deliveries.js';

const SECRET = 'E_AI_K_source-secret';
const compose = createCompose([{ name: 'extracta', secrets: [SECRET, 'E_AI_K_older'] }], '1.2.3');
const plainDestination = { format: 'new', secret: null, standardSecret: null, headers: {} } as const;
const NOW = 1_700_000_000_999;

describe('the request of a delivery', () => {
  it('carries the headers of the protocol', () => {
    const { headers, body } = compose(claimed({ attempts: 2 }), plainDestination, NOW);
    expect(headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'extracta-webhook-shim/1.2.3',
      'x-webhook-signature': documentedSignature(body, SECRET),
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      'x-shim-source': 'extracta',
      'x-shim-format': 'legacy',
      'x-shim-attempt': '3',
    });
  });

  it('carries the text of the result to the byte', () => {
    const result = '[ {"extractionId":"e","n":12345678901234567890} ]';
    const { body } = compose(claimed({ webhookBody: legacyBody(result) }), plainDestination, NOW);
    expect(body).toBe(`{"event":"extraction.processed","result":${result}}`);
  });

  it.each([true, false])('is signed so that the documented listener verifies it (plain: %s)', (plain) => {
    const result = plain ? '[{"a":1}]' : '[ {"b":1.0, "a":1e2} ]';
    const delivery = claimed({ plain, webhookBody: legacyBody(result) });
    const own = compose(delivery, { ...plainDestination, secret: 'E_AI_K_own' }, NOW);
    expect(own.headers['x-webhook-signature']).toBe(documentedSignature(own.body, 'E_AI_K_own'));
    const sources = compose(delivery, plainDestination, NOW);
    expect(sources.headers['x-webhook-signature']).toBe(documentedSignature(sources.body, SECRET));
  });

  it.each([
    ['a new webhook', null],
    ['an event that was rewritten', '{"event":"extraction.processed","result":[{"a":"é"}]}'],
  ])('signs what is plain of %s without parsing it, in either format', (_name, body) => {
    const webhookBody = '{"event":"extraction.processed","result":[{"a":"é"}]}';
    const delivery = { ...claimed({ plain: true, format: 'new', webhookBody }), body };
    const { parse } = JSON;
    JSON.parse = () => expect.unreachable();
    onTestFinished(() => {
      JSON.parse = parse;
    });
    const asNew = compose(delivery, plainDestination, NOW);
    const asLegacy = compose(delivery, { ...plainDestination, format: 'legacy' }, NOW);
    JSON.parse = parse;
    expect(asNew.body).toBe(webhookBody);
    expect(asLegacy.body).toBe(legacyBody('[{"a":"é"}]'));
    for (const { body: sent, headers } of [asNew, asLegacy]) {
      expect(headers['x-webhook-signature']).toBe(documentedSignature(sent, SECRET));
    }
  });

  describe('to a destination in the legacy format', () => {
    const legacyDestination = { ...plainDestination, format: 'legacy' } as const;
    const listener = legacyHandler(SECRET);
    const spaced = '[ {"extractionId":"e","n":12345678901234567890, "s":"\\ud83d\\ude00 \\/ é"} ]';
    const asNew = (result: string) => `{ "event":"extraction.edited",\n"result" : ${result}, "more":1 }`;

    it.each([
      ['carried over', null],
      ['rewritten', '{"event":"extraction.processed","result":[{"other":1}]}'],
    ])("is the vendor's to the byte, with its own signature, whether the event is %s", (_name, event) => {
      const body = ` {"result" : ${JSON.stringify(spaced)},"more":[1.0]}`;
      const signature = documentedSignature(body, 'E_AI_K_older');
      const delivery = { ...claimed({ webhookBody: body }), body: event };
      const webhook = { ...delivery.webhook, source: 'gone', signature };
      const message = compose({ ...delivery, webhook }, legacyDestination, NOW);
      expect(message.body).toBe(body);
      expect(message.headers).toMatchObject({
        'x-webhook-signature': signature,
        'webhook-id': 'msg_1',
        'x-shim-format': 'legacy',
      });
    });

    it('is the event alone where the webhook brought others that do not go along', () => {
      const event = '{"event":"extraction.failed","result":[{"status":"failed","n":1.0}]}';
      const delivery = { ...claimed({ webhookBody: legacyBody(spaced) }), whole: false, body: event };
      const { body, headers } = compose(delivery, legacyDestination, NOW);
      expect(body).toBe(legacyBody('[{"status":"failed","n":1.0}]'));
      expect(headers['x-webhook-signature']).toBe(documentedSignature(body, SECRET));
    });

    it('is signed with its own secret where it has one', () => {
      const delivery = claimed({ webhookBody: legacyBody(spaced) });
      const { body, headers } = compose(delivery, { ...legacyDestination, secret: 'E_AI_K_own' }, NOW);
      expect(body).toBe(legacyBody(spaced));
      const verify = legacyHandler('E_AI_K_own');
      expect(verify(JSON.parse(body), headers['x-webhook-signature'])).toMatchObject({ verified: true });
    });

    it.each([
      ["the source's", null, SECRET],
      ['its own', 'E_AI_K_own', 'E_AI_K_own'],
    ])('carries the text of a new result in a string, signed with %s secret', (_name, secret, key) => {
      const delivery = claimed({ webhookBody: asNew(spaced), format: 'new' });
      const { body, headers } = compose(delivery, { ...legacyDestination, secret }, NOW);
      expect(body).toBe(legacyBody(spaced));
      expect(legacyHandler(key)(JSON.parse(body), headers['x-webhook-signature'])).toEqual({
        verified: true,
        files: JSON.parse(spaced),
      });
      expect(headers['x-shim-format']).toBe('new');
    });

    it('is verified by the documented listener whatever is in it', () => {
      fc.assert(
        fc.property(jsonText, (text) => {
          const delivery = claimed({ webhookBody: asNew(`[${text}]`), format: 'new' });
          const { body, headers } = compose(delivery, legacyDestination, NOW);
          // As it arrives: through UTF-8.
          const received = JSON.parse(Buffer.from(body).toString());
          return listener(received, headers['x-webhook-signature']).verified;
        }),
      );
    });

    it('has the Standard Webhooks headers over its own body', () => {
      const standardSecret = `whsec_${Buffer.from('a standard secret of some length').toString('base64')}`;
      const delivery = claimed({ webhookBody: asNew('[1]'), format: 'new' });
      const message = compose(delivery, { ...legacyDestination, standardSecret }, Date.now());
      expect(new Webhook(standardSecret).verify(message.body, message.headers)).toEqual({ result: '[1]' });
    });
  });

  it('is signed so that the Standard Webhooks library verifies it', () => {
    const standardSecret = `whsec_${Buffer.from('a standard secret of some length').toString('base64')}`;
    const webhookBody = legacyBody('[{"fileName":"Rechnung \\u00fc €.pdf"}]');
    const now = Date.now();
    const message = compose(claimed({ webhookBody }), { ...plainDestination, standardSecret }, now);
    const receiver = new Webhook(standardSecret);
    expect(receiver.verify(message.body, message.headers)).toEqual(JSON.parse(message.body));
    expect(() => receiver.verify(`${message.body} `, message.headers)).toThrow();
  });

  it('has no standard signature without a secret for it', () => {
    expect(compose(claimed(), plainDestination, NOW).headers).not.toHaveProperty('webhook-signature');
  });

  it("has the destination's own headers, which cannot replace what receivers rely on", () => {
    const headers = { authorization: 'Bearer x', 'user-agent': 'mine/1', 'webhook-id': 'other' };
    const message = compose(claimed(), { ...plainDestination, headers }, NOW);
    expect(message.headers).toMatchObject({
      authorization: 'Bearer x',
      'user-agent': 'mine/1',
      'webhook-id': 'msg_1',
    });
  });

  it('is refused where no secret is there to sign it', () => {
    const delivery = claimed({ source: 'gone' });
    expect(() => compose(delivery, plainDestination, NOW)).toThrow(/source "gone" is not configured/);
    const { body, headers } = compose(delivery, { ...plainDestination, secret: 'own' }, NOW);
    expect(headers['x-webhook-signature']).toBe(documentedSignature(body, 'own'));
  });
});
