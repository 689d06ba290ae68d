import { describe, expect, it } from 'vitest';
import { isExempt, proxyFor } from '../../src/config/proxy.js';
import { faultsOf, load } from '../support/config.js';

const PROXY = 'http://proxy.example:3128/';
const choose = (url: string, variables: Record<string, string>) => proxyFor(new URL(url), variables);

describe('the proxy for a URL', () => {
  it.each([
    ['http://a.example', { HTTP_PROXY: PROXY }, PROXY],
    ['http://a.example', { http_proxy: PROXY, HTTP_PROXY: 'http://other.example' }, PROXY],
    ['http://a.example', { http_proxy: '', HTTP_PROXY: PROXY }, PROXY],
    ['http://a.example', { HTTPS_PROXY: PROXY }, null],
    ['https://a.example', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://a.example', { https_proxy: 'proxy.example:3128' }, PROXY],
    ['https://a.example', { HTTP_PROXY: PROXY }, null],
    [
      'https://a.example',
      { HTTPS_PROXY: 'https://me:p%40ss@proxy.example' },
      'https://me:p%40ss@proxy.example/',
    ],
    ['https://a.example', {}, null],
    ['http://127.0.0.1:5000', { HTTP_PROXY: PROXY }, null],
    ['http://localhost', { HTTP_PROXY: PROXY }, null],
    ['http://[::1]:5000', { HTTP_PROXY: PROXY }, null],
    ['http://a.example', { HTTP_PROXY: PROXY, NO_PROXY: 'b.example, a.example' }, null],
    ['http://a.example', { HTTP_PROXY: PROXY, no_proxy: 'b.example', NO_PROXY: 'a.example' }, PROXY],
  ])('%s with %j is %s', (url, variables, proxy) => {
    expect(choose(url, { ...variables })).toEqual({ url: proxy });
  });

  it.each([
    ['http://', 'HTTP_PROXY', 'is no URL'],
    ['socks5://me:geheim@proxy.example', 'HTTP_PROXY', 'is a socks5:// URL, which is not supported'],
    ['http://me:ge%heim@proxy.example', 'http_proxy', 'encodes nothing'],
    ['http://proxy.example:99999', 'http_proxy', 'is no URL'],
  ])('is refused where it cannot be one: %s', (value, variable, problem) => {
    const choice = choose('http://a.example', { [variable]: value });
    expect(choice).toEqual({ variable, problem: expect.stringContaining(problem) });
    expect(JSON.stringify(choice)).not.toMatch(/ge.*heim/);
  });
});

describe('NO_PROXY', () => {
  it.each([
    ['http://a.example', '*', true],
    ['http://a.example', 'a.example', true],
    ['http://A.example', 'A.EXAMPLE', true],
    ['http://x.a.example', 'a.example', true],
    ['http://x.a.example', '.a.example', true],
    ['http://x.a.example', '*.a.example', true],
    ['http://xa.example', 'a.example', false],
    ['http://a.example', 'x.a.example', false],
    ['http://a.example:8080', 'a.example:8080', true],
    ['http://a.example:8080', 'a.example:80', false],
    ['https://a.example', 'a.example:443', true],
    ['http://a.example', 'b.example c.example\ta.example', true],
    ['http://a.example', '', false],
    ['http://a.example', ' , ,', false],
    ['http://10.1.2.3', '10.0.0.0/8', true],
    ['http://11.1.2.3', '10.0.0.0/8', false],
    ['http://10.1.2.3', '10.0.0.0/99', false],
    ['http://10.1.2.3', '10.1.2.3', true],
    ['http://10.1.2.3', '2.3', false],
    ['http://[fd00::1]', 'fd00::/8', true],
    ['http://[fd00::1]', 'fd00::1', true],
    ['http://[fd00::1]:8080', '[fd00::1]:8080', true],
    ['http://[fd00::1]:8080', '[fd00::1]:80', false],
    ['http://a.example', 'fd00::/8', false],
  ])('lets %s out by %j: %s', (url, list, exempt) => expect(isExempt(new URL(url), list)).toBe(exempt));
});

describe('the configuration', () => {
  const text = (...urls: readonly string[]): string =>
    JSON.stringify({
      sources: [{ name: 'extracta', path: '/webhook', secrets: ['E_AI_K_b25l'] }],
      destinations: urls.map((url, index) => ({ name: `d${index}`, url })),
    });

  it('has the proxy of each destination, from the environment or .env', () => {
    const urls = ['https://a.example/hook', 'http://127.0.0.1:5000/', 'http://b.example'];
    const { config } = load(text(...urls), {
      env: { https_proxy: 'http://me:pass@proxy.example:3128' },
      files: { '.env': 'HTTP_PROXY=other.example\n' },
    });
    expect(config.destinations.map(({ proxy }) => proxy)).toEqual([
      'http://me:pass@proxy.example:3128/',
      null,
      'http://other.example/',
    ]);
  });

  it('names the variable whose proxy is broken, once, and not its value', () => {
    const env = { HTTPS_PROXY: 'socks5://me:geheim@proxy.example' };
    const faults = faultsOf(text('http://127.0.0.1', 'https://a.example', 'https://b.example'), { env });
    expect(faults).toEqual([
      expect.stringMatching(
        /^shim\.yaml:1:\d+ destinations\[1\]\.url: .* proxy that HTTPS_PROXY names, and that is a socks5:/,
      ),
    ]);
    expect(faults.join()).not.toContain('geheim');
    expect(faultsOf(text('https://a.example'), { env: { ...env, NO_PROXY: 'example' } })).toEqual([]);
  });
});
