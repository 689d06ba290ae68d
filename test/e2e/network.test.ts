// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { startProxy } from '../support/proxy.js';
import { legacyBody, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { pem } from '../support/tls/files.js';
import { ASKING, startSecureHandler } from '../support/tls/secure-handler.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const sources = [{ name: 'extracta', path: '/webhook', secrets: [SECRET] }];
const retry = { schedule: ['0s', '100ms'], attempts: 100 };
describe('a destination', () => {
  it('gets renewed certificates with a reload, and their key is never logged', async () => {
    const handler = await startSecureHandler(ASKING);
    const folder = tempFolder({
      'ca.pem': pem('authority.pem'),
      'client.pem': pem('unknown-client.pem'),
      'client.key': pem('unknown-client.key'),
    });
    const tls = { ca: 'ca.pem', cert: 'client.pem', key: 'client.key' };
    const config = writeConfig(folder, {
      log: { level: 'trace' },
      sources,
      destinations: [{ name: 'handler', url: handler.url, tls, retry }],
    });
    const service = await startService(config);
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('f'), SECRET)).toBe(200);
    await eventually(() => expect(service.log.some(({ msg }) => /tried again/.test(String(msg)))).toBe(true));
    expect(handler.clients).toEqual([]);

    writeFileSync(join(folder, 'client.key'), pem('client.key'));
    service.process.kill('SIGHUP');
    await eventually(() =>
      expect(JSON.stringify(service.log)).toContain('destinations[0].tls.key: is not the key of'),
    );
    writeFileSync(join(folder, 'client.pem'), pem('client.pem'));
    service.process.kill('SIGHUP');
    await eventually(() => expect(handler.clients).toEqual(['client']));
    expect(await service.stop()).toBe(0);
    const text = JSON.stringify(service.log);
    for (const secret of ['client.key', 'unknown-client.key'] as const) {
      expect(text).not.toContain(pem(secret).split('\n')[1]);
    }
    expect(text).not.toContain('PRIVATE KEY');
  });

  it('is reached through the proxy of the environment, and told apart from it', async () => {
    const handler = await startHandler();
    const authorization = `Basic ${Buffer.from('me:geheim').toString('base64')}`;
    const { port, asked } = await startProxy({ authorization });
    const config = writeConfig(tempFolder(), {
      log: { level: 'trace' },
      sources,
      destinations: [
        // The proxy cannot reach it and says so with 502.
        { name: 'far', url: 'http://handler.invalid/hook', retry },
        { name: 'near', url: handler.url, retry },
      ],
    });
    const proxy = `http://me:geheim@127.0.0.1:${port}`;
    const service = await startService(config, { env: { ...process.env, http_proxy: proxy, no_proxy: '' } });
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('f'), SECRET)).toBe(200);
    await eventually(() => expect(asked.length).toBeGreaterThan(1));
    await eventually(() => expect(handler.received).toHaveLength(1));
    expect(new Set(asked)).toEqual(new Set(['POST http://handler.invalid/hook']));
    expect(JSON.stringify(service.log)).not.toContain('geheim');
  });

  it('whose name does not resolve is tried again, with the headers from secrets once it does', async () => {
    const handler = await startHandler();
    const folder = tempFolder({ token: 'from-a-file\n' });
    const destination = {
      name: 'handler',
      url: 'http://handler.invalid/hook',
      headers: { authorization: 'Bearer ${file:token}', 'x-tenant': '${TENANT}' },
      retry,
    };
    const config = writeConfig(folder, { sources, destinations: [destination] });
    const service = await startService(config, { env: { ...process.env, TENANT: 'acme' } });
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('f'), SECRET)).toBe(200);
    const failed = () => service.log.filter(({ msg }) => /it will be tried again/.test(String(msg)));
    await eventually(() => expect(failed().length).toBeGreaterThan(1));
    expect(failed()[0]).toMatchObject({
      status: null,
      error: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN): .*handler\.invalid/),
    });
    writeConfig(folder, { sources, destinations: [{ ...destination, url: handler.url }] });
    service.process.kill('SIGHUP');
    await eventually(() => expect(handler.received).toHaveLength(1));
    expect(handler.received[0]?.headers).toMatchObject({
      authorization: 'Bearer from-a-file',
      'x-tenant': 'acme',
    });
  });
});
