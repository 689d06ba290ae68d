import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { faultsOf, load } from '../support/config.js';
import { pem } from '../support/tls/files.js';

const files = {
  'tls/ca.pem': pem('authority.pem'),
  'tls/client.pem': pem('client.pem'),
  'tls/client.key': pem('client.key'),
  'tls/server.key': pem('server.key'),
  'tls/encrypted.key': pem('encrypted.key'),
  'tls/text.pem': 'no certificate',
  'tls/broken.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  'tls/client.der': new Uint8Array(new X509Certificate(pem('client.pem')).raw),
};

const text = (tls: object | null, url = 'https://a.example'): string => `
sources: [{ name: extracta, path: /webhook, secrets: [E_AI_K_b25l] }]
destinations:
  - name: handler
    url: ${url}
    tls: ${JSON.stringify(tls)}
`;

describe('tls', () => {
  it('is what the files hold, relative to the configuration file', () => {
    const tls = { ca: './tls/ca.pem', cert: 'tls/client.pem', key: 'tls/client.key' };
    expect(load(text(tls), { files }).config.destinations[0]?.tls).toEqual({
      ca: files['tls/ca.pem'],
      cert: files['tls/client.pem'],
      key: files['tls/client.key'],
    });
    expect(load(text({ ca: tls.ca }), { files }).config.destinations[0]?.tls).toMatchObject({ cert: null });
  });

  it('takes several certificates in one file', () => {
    const chain = `${pem('client.pem')}${pem('authority.pem')}`;
    const tls = { ca: 'chain.pem', cert: 'chain.pem', key: 'tls/client.key' };
    expect(faultsOf(text(tls), { files: { ...files, 'chain.pem': chain } })).toEqual([]);
  });

  it.each([
    [{ ca: 'tls/gone.pem' }, '6:16 destinations[0].tls.ca: the file tls/gone.pem does not exist'],
    [{ ca: 'tls' }, '6:16 destinations[0].tls.ca: the file tls is a folder, not a file'],
    [{ ca: 'tls/text.pem' }, 'tls.ca: the file tls/text.pem holds no certificate in PEM'],
    [{ ca: 'tls/broken.pem' }, 'tls.ca: the file tls/broken.pem holds no certificate in PEM'],
    [{ ca: 'tls/client.key' }, 'tls.ca: the file tls/client.key holds no certificate in PEM'],
    [{ ca: 'tls/client.der' }, /tls\.ca: the file tls\/client\.der is not UTF-8 text; .* in PEM$/],
    [{ ca: '' }, 'tls.ca: is empty: give it a value; write for example "./ca.pem"'],
    [{ ca: 1 }, 'tls.ca: must be text, is a number'],
    [{ ca_file: 'x' }, 'tls.ca_file: is not a known key; known here are ca, cert, key'],
    [{ cert: 'tls/client.pem' }, '6:11 destinations[0].tls.cert: needs "key" beside it'],
    [{ key: 'tls/client.key' }, 'tls.key: needs "cert" beside it'],
    [{ cert: 'tls/client.pem', key: 'tls/server.key' }, 'tls.key: is not the key of "cert"'],
    [{ cert: 'tls/client.pem', key: 'tls/text.pem' }, 'tls.key: the file tls/text.pem holds no private key'],
    [
      { cert: 'tls/client.pem', key: 'tls/encrypted.key' },
      'tls.key: the file tls/encrypted.key is encrypted',
    ],
    [null, 'destinations[0].tls: is empty'],
  ])('%j is one fault, with its place', (tls, says) => {
    const faults = faultsOf(text(tls), { files });
    expect(faults).toEqual([
      typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says),
    ]);
    expect(faults[0]).toMatch(/^shim\.yaml:6:\d+ /);
    expect(faults[0]).not.toContain('PRIVATE KEY-----\n');
  });

  it('is refused for http', () => {
    expect(faultsOf(text({ ca: 'tls/ca.pem' }, 'http://a.example'), { files })).toEqual([
      'shim.yaml:6:5 destinations[0].tls: is for https:// URLs alone: write the URL with https://, or remove this',
    ]);
  });
});
