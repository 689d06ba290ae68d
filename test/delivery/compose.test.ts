import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createCompose } from '../../src/delivery/compose.js';
import { documentedSignature } from '../support/listener.js';
import { claimed, legacyBody } from './deliveries.js';

const SECRET = 'E_AI_K_source-secret';
const compose = createCompose([{ name: 'extracta', secrets: [SECRET, 'E_AI_K_older'] }], '1.2.3');
const plainDestination = { secret: null, standardSecret: null, headers: {} };
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
