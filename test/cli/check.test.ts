import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startProxy } from '../support/proxy.js';
import { pem } from '../support/tls/files.js';
import { ASKING, startSecureHandler } from '../support/tls/secure-handler.js';
import { configText, Place, SECRET } from './support.js';

async function handlerAnswering(status: number): Promise<string> {
  const server: Server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hush`;
}

describe('check', () => {
  it('says what it found, and prints no secret', async () => {
    const place = await Place.create();
    const { status, stdout, stderr } = await place.run('check');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^extracta +\/webhook +1 +auto$/m);
    expect(stdout).toMatch(
      /^billing +http:\/\/127\.0\.0\.1:5000\/hooks\/extracta +extracta +\* +new +live$/m,
    );
    expect(stdout).toMatch(/^sqlite:data\/shim\.db +not there yet: will be made in .*, which is writable$/m);
    for (const output of [stdout, (await place.run('check --json')).stdout]) {
      expect(output).not.toContain('hush');
      expect(output).not.toContain(SECRET.slice(7));
    }
  });

  it('makes no store, and finds one that is there', async () => {
    const place = await Place.create();
    await place.run('check');
    expect((await place.run('check --json')).stdout).toContain('not there yet');
    await place.receive();
    const { stdout } = await place.run('check --json');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      store: { ok: true, message: 'there, and takes writes' },
    });
  });

  it('shows what each destination is sent, how, and where a share leaves the rest', async () => {
    const place = await Place.create(`${configText()}
    format: legacy
    mode: paused
  - { name: next, url: "http://127.0.0.1:5001/", share: 12.5, alternative: billing }
`);
    const { stdout } = await place.run('check');
    expect(stdout).toMatch(/^billing .* +legacy +paused +-$/m);
    expect(stdout).toMatch(/^next .* +new +live +12\.5%, the rest to billing$/m);
    expect(JSON.parse((await place.run('check --json')).stdout)).toMatchObject({
      destinations: [
        { format: 'legacy', mode: 'paused', share: 100, alternative: null },
        { format: 'new', mode: 'live', share: 12.5, alternative: 'billing' },
      ],
    });
  });

  it('tells warnings', async () => {
    const place = await Place.create(`${configText()}    events: [extraction.procesed]\n`);
    const { status, stdout } = await place.run('check');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^warning: destination billing takes extraction\.procesed: is extraction\.processed meant\?$/m,
    );
  });

  it('exits 1 for a store that is no database', async () => {
    const place = await Place.create();
    await mkdir(join(place.folder, 'data'));
    await place.write('data/shim.db', 'this is not a database, by far not a database, whatever its name is');
    const { status, stdout } = await place.run('check');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^sqlite:data\/shim\.db +FAILED: /m);
  });

  it('exits 1 where no store can be made', async () => {
    const place = await Place.create();
    await place.write('data', 'a file where a folder should be');
    const { status, stdout } = await place.run('check');
    expect(status).toBe(1);
    expect(stdout).toMatch(/FAILED: cannot be made: .*data is no folder/);
  });

  it.each([200, 404, 500])('probes: %i is an answer', async (answer) => {
    const place = await Place.create(configText({ url: await handlerAnswering(answer) }));
    const { status, stdout } = await place.run('check --probe');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^billing .* answers \\(HEAD: ${answer}\\)$`, 'm'));
  });

  it('probes: exits 1 where nothing answers', async () => {
    const place = await Place.create(configText({ url: 'http://127.0.0.1:1/hook' }));
    const { status, stdout } = await place.run('check --probe');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^billing .* FAILED: does not answer: connect ECONNREFUSED/m);
    const { stdout: json } = await place.run('check --probe --json');
    expect(JSON.parse(json)).toMatchObject({ ok: false, destinations: [{ probe: { ok: false } }] });
  });

  it('probes: does not wait for ever', async () => {
    const server = createTcpServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const place = await Place.create(configText({ url: 'https://handler.invalid/hook' }));
    const env = { HTTPS_PROXY: `127.0.0.1:${port}` };
    const { status, stdout } = await place.run('check --probe', { env });
    expect(status).toBe(1);
    expect(stdout).toContain(`does not answer: nothing came within 5 s, through the proxy 127.0.0.1:${port}`);
  });

  it('probes with the certificates of the deliveries', async () => {
    const handler = await startSecureHandler(ASKING);
    const tls = (key: string) => `    tls: { ca: ca.pem, cert: client.pem, key: ${key} }\n`;
    const place = await Place.create(configText({ url: handler.url }) + tls('client.key'));
    await place.write('ca.pem', pem('authority.pem'));
    await place.write('client.pem', pem('client.pem'));
    await place.write('client.key', pem('client.key'));
    const { status, stdout } = await place.run('check --probe');
    expect({ status, clients: handler.clients }).toEqual({ status: 0, clients: ['client'] });
    expect(stdout).not.toContain('PRIVATE KEY');
    await place.write('shim.yaml', configText({ url: handler.url }));
    expect(await place.run('check --probe')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/FAILED: does not answer: .*certificate/),
    });
  });

  it('probes through the proxy of the deliveries, whose password is nobody else’s business', async () => {
    const authorization = `Basic ${Buffer.from('me:geheim').toString('base64')}`;
    const { port, asked } = await startProxy({ authorization });
    const place = await Place.create(configText({ url: 'https://handler.invalid/hook' }));
    const env = { HTTPS_PROXY: `http://me:geheim@127.0.0.1:${port}` };
    const { status, stdout } = await place.run('check --probe', { env });
    expect(asked).toEqual(['CONNECT handler.invalid:443']);
    expect(status).toBe(1);
    expect(stdout).toContain(`, through the proxy 127.0.0.1:${port}`);
    expect(stdout).not.toContain('geheim');
    expect(await place.run('check', { env: { HTTPS_PROXY: 'socks5://me:geheim@x' } })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^shim\.yaml:\d+:\d+ destinations\[0\]\.url: .*HTTPS_PROXY.* not supported/,
      ),
    });
  });
});
