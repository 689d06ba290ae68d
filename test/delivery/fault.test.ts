import { describe, expect, it } from 'vitest';
import { describeFault, isOurs, wasClosed } from '../../src/delivery/fault.js';

const url = new URL('https://shop.example/hook?token=geheim');
const fault = (code: string, message = 'as Node says it') => Object.assign(new Error(message), { code });

describe('a fault on the way', () => {
  it.each([
    ['ECONNREFUSED', 'ECONNREFUSED: nothing listens at shop.example:443'],
    ['ENOTFOUND', 'ENOTFOUND: no host has the name shop.example'],
    ['EAI_AGAIN', 'EAI_AGAIN: the name shop.example could not be looked up (DNS)'],
    [
      'EADDRNOTAVAIL',
      'EADDRNOTAVAIL: this machine has no free port, or no address, for a connection to shop.example:443',
    ],
    ['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED: the certificate of shop.example has expired'],
    [
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'ERR_SSL_WRONG_VERSION_NUMBER: no TLS connection with shop.example:443 (does it speak https?)',
    ],
    ['EPROTO', 'EPROTO: no TLS connection with shop.example:443 (does it speak https?)'],
    [
      'ERR_TLS_HANDSHAKE_TIMEOUT',
      'ERR_TLS_HANDSHAKE_TIMEOUT: no TLS connection with shop.example:443 (does it speak https?)',
    ],
    ['HPE_INVALID_CONSTANT', 'HPE_INVALID_CONSTANT: what shop.example:443 answered is not HTTP'],
    ['EUNHEARD', 'EUNHEARD: as Node says it'],
  ])('%s is said for a person', (code, text) => expect(describeFault(fault(code), url, null)).toBe(text));

  it.each([
    ['http://shop.example/hook', 'shop.example:80'],
    ['http://shop.example:8080/hook', 'shop.example:8080'],
  ])('at %s names the port', (at, place) => {
    expect(describeFault(fault('ECONNREFUSED'), new URL(at), null)).toBe(
      `ECONNREFUSED: nothing listens at ${place}`,
    );
  });

  it('is one short line, whatever was thrown', () => {
    expect(describeFault(new Error(`${'x'.repeat(500)}\nsecond line`), url, null)).toBe('x'.repeat(200));
    expect(describeFault('text', url, null)).toBe('the request failed');
    expect(describeFault(new Error(''), url, null)).toBe('the request failed');
  });

  it('never tells the path or the query of the URL', () => {
    for (const code of ['ECONNREFUSED', 'UND_ERR_SOCKET', 'EPROTO', 'EUNHEARD']) {
      expect(describeFault(fault(code), url, null)).not.toMatch(/geheim|hook/);
    }
  });

  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'EADDRNOTAVAIL',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_PRX_CONN',
  ])('that comes before a connection, %s, is at the proxy where there is one', (code) => {
    const told = describeFault(fault(code), url, new URL('http://proxy.example:3128'));
    expect(told).toMatch(/the proxy: .*proxy\.example/);
    expect(told).not.toContain('shop.example');
  });

  it.each([
    ['ECONNREFUSED', '', 'ECONNREFUSED: the proxy: nothing listens at proxy.example:3128'],
    ['ENOTFOUND', '', 'ENOTFOUND: the proxy: no host has the name proxy.example'],
    ['CERT_HAS_EXPIRED', '', 'CERT_HAS_EXPIRED: the certificate of shop.example has expired'],
    [
      'UND_ERR_ABORTED',
      'Proxy response (403) !== 200 when HTTP Tunneling',
      'the proxy proxy.example:3128 refused with 403',
    ],
    [
      'UND_ERR_INVALID_ARG',
      'Proxy Authentication Required (407)',
      'the proxy proxy.example:3128 refused with 407: put its user and password into the URL of the proxy',
    ],
  ])('through a proxy, %s says at whom it was, and no password', (code, message, text) => {
    const proxy = new URL('http://me:geheim@proxy.example:3128');
    expect(describeFault(fault(code, message), url, proxy)).toBe(text);
  });
});

describe('whose fault it is', () => {
  it.each(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'EMFILE', 'ENFILE'])(
    'the shim for %s: nothing was sent',
    (code) => expect(isOurs(fault(code))).toBe(true),
  );

  it.each([
    ['ECONNREFUSED', ''],
    ['ECONNRESET', ''],
    ['UND_ERR_INVALID_ARG', 'Proxy Authentication Required (407)'],
  ])('not the shim for %s (%s)', (code, message) => expect(isOurs(fault(code, message))).toBe(false));

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])('%s is the end of a connection', (code) =>
    expect(wasClosed(fault(code, 'other side closed'))).toBe(true),
  );

  it.each([
    ['ECONNREFUSED', ''],
    ['UND_ERR_HEADERS_OVERFLOW', ''],
    ['UND_ERR_SOCKET', 'bad upgrade'],
    ['UND_ERR_SOCKET', 'bad response'],
  ])('%s (%s) is none', (code, message) => expect(wasClosed(fault(code, message))).toBe(false));
});
