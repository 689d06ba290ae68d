import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultsOf, load } from '../support/config.js';

const text = readFileSync(fileURLToPath(new URL('../../config/shim.yaml', import.meta.url)), 'utf8');
const env = { EXTRACTA_WEBHOOK_SECRET: 'E_AI_K_b25l', HANDLER_URL: 'http://127.0.0.1:5000/hooks/extracta' };

describe('config/shim.yaml', () => {
  it('works as soon as the secret and one URL are set', () => {
    const { config, warnings } = load(text, { env });
    expect(config.server.port).toBe(4000);
    expect(config.store.url).toBe('sqlite:data/shim.db');
    expect(config.sources).toMatchObject([{ path: '/webhook', secrets: ['E_AI_K_b25l'] }]);
    expect(config.destinations).toMatchObject([{ url: 'http://127.0.0.1:5000/hooks/extracta' }]);
    expect(warnings).toEqual([]);
  });

  it('says what is missing until then, and nothing else', () => {
    expect(faultsOf(text)).toEqual([
      expect.stringMatching(
        /^shim\.yaml:\d+:\d+ sources\[0\]\.secrets\[0\]: EXTRACTA_WEBHOOK_SECRET is not set/,
      ),
      expect.stringMatching(/^shim\.yaml:\d+:\d+ destinations\[0\]\.url: HANDLER_URL is not set/),
    ]);
    expect(faultsOf(text, { env: { EXTRACTA_WEBHOOK_SECRET: '', HANDLER_URL: '' } })).toEqual([
      expect.stringContaining('is empty: set EXTRACTA_WEBHOOK_SECRET'),
      expect.stringContaining('is empty: set HANDLER_URL'),
    ]);
  });

  it('still works with each of its commented keys', () => {
    const all = text.replaceAll(/^( {4})# (\w+: )/gm, '$1$2');
    expect(all).not.toBe(text);
    const { config } = load(all, { env: { ...env, HANDLER_TOKEN: 'abc' } });
    expect(config.destinations[0]).toMatchObject({
      headers: { authorization: 'Bearer abc' },
      timeout: 15_000,
    });
  });
});
