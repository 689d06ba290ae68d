import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TlsConfig } from '../../src/config/config.js';
import { createSender } from '../../src/delivery/sender.js';
import { eventually } from '../support/handler.js';
import { startProxy } from '../support/proxy.js';
import { pem } from '../support/tls/files.js';
import { ASKING, startSecureHandler } from '../support/tls/secure-handler.js';
import { startServer, startTcpServer } from './servers.js';

const message = { body: '{"event":"extraction.processed","result":[]}', headers: { 'x-a': '1' } };
const none: TlsConfig = { ca: null, cert: null, key: null };
const ca = pem('authority.pem');
const client: TlsConfig = { ca, cert: pem('client.pem'), key: pem('client.key') };

function sendTo(url: string, more: { tls?: TlsConfig; proxy?: string } = {}) {
  const sender = createSender({ url, timeout: 10_000, concurrency: 1, tls: null, proxy: null, ...more });
  onTestFinished(() => sender.close());
  return sender.send(message);
}

describe('a handler with a certificate of an authority of its own', () => {
  it('is believed where that authority is named, and not otherwise', async () => {
    const { url } = await startSecureHandler();
    expect(await sendTo(url, { tls: { ...none, ca } })).toMatchObject({ status: 200, fault: null });
    for (const tls of [none, { ...none, ca: pem('stranger.pem') }]) {
      expect((await sendTo(url, { tls }))?.fault).toMatch(
        /: the certificate of 127\.0\.0\.1 is not signed by an authority that is known here$/,
      );
    }
  });

  it('is not believed under another name', async () => {
    const { url } = await startSecureHandler();
    const named = url.replace('127.0.0.1', 'localhost');
    expect(await sendTo(named, { tls: { ...none, ca } })).toMatchObject({ status: 200 });
    const other = await startSecureHandler({ cert: pem('elsewhere.pem'), key: pem('elsewhere.key') });
    expect((await sendTo(other.url, { tls: { ...none, ca } }))?.fault).toMatch(
      /ERR_TLS_CERT_ALTNAME_INVALID: the certificate is not for the name 127\.0\.0\.1$/,
    );
  });
});

describe('a handler that asks for a certificate', () => {
  it('gets the one that is named', async () => {
    const { url, connections } = await startSecureHandler(ASKING);
    const sender = createSender({ url, timeout: 10_000, concurrency: 1, tls: client, proxy: null });
    onTestFinished(() => sender.close());
    for (let count = 0; count < 3; count++) {
      expect(await sender.send(message)).toMatchObject({ status: 200, response: 'client' });
    }
    expect(connections()).toBe(1);
  });

  it('refuses one of another authority, and none, which is a fault that can be tried again', async () => {
    const { url } = await startSecureHandler(ASKING);
    const unknown = { ca, cert: pem('unknown-client.pem'), key: pem('unknown-client.key') };
    for (const tls of [unknown, { ...none, ca }]) {
      const answer = await sendTo(url, { tls });
      expect(answer).toMatchObject({ status: null });
      expect(answer?.fault).toMatch(/^[A-Z_0-9]+: /);
      expect(answer?.fault).not.toContain('PRIVATE');
    }
  });
});

describe('a proxy', () => {
  it('is asked for a tunnel to https, through which certificates go as ever', async () => {
    const { url } = await startSecureHandler(ASKING);
    const { port, asked } = await startProxy();
    const answer = await sendTo(url, { tls: client, proxy: `http://127.0.0.1:${port}` });
    expect(answer).toMatchObject({ status: 200, response: 'client', fault: null });
    expect(asked).toEqual([`CONNECT ${new URL(url).host}`]);
    expect((await sendTo(url, { tls: none, proxy: `http://127.0.0.1:${port}` }))?.fault).toContain(
      'not signed by an authority',
    );
  });

  it('is asked for the whole URL of http, with its user and password, which the handler never sees', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = await startServer((request, response) => {
      seen.push(request.headers);
      request.resume().on('end', () => response.end('ok'));
    });
    onTestFinished(() => server.close());
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    const { port, asked } = await startProxy({ authorization });
    const proxy = `http://me:p%40ss@127.0.0.1:${port}`;
    const url = `${server.url}/hook?a=b`;
    expect(await sendTo(url, { proxy })).toMatchObject({ status: 200, response: 'ok' });
    expect(asked).toEqual([`POST ${url}`]);
    expect(seen[0]).toMatchObject({ host: new URL(url).host, 'x-a': '1' });
    expect(seen[0]).not.toHaveProperty('proxy-authorization');
  });

  it('that says nothing is waited for as long as an attempt may take, and no delivery after that waits for it', async () => {
    const { url } = await startSecureHandler();
    const { port, silence } = await startProxy();
    const proxy = `http://127.0.0.1:${port}`;
    const destination = { url, timeout: 300, concurrency: 1, tls: { ...none, ca }, proxy };
    const sender = createSender(destination);
    silence(true);
    expect((await sender.send(message))?.fault).toBe('timed out after 300ms without a connection');
    silence(false);
    await eventually(async () => expect(await sender.send(message)).toMatchObject({ status: 200 }));
    silence(true);
    const other = createSender({ ...destination, timeout: 60_000 });
    const pending = other.send(message);
    await Promise.all([sender.close(), other.close()]);
    expect(await pending).toBeNull();
  });

  it.each(['http', 'https'] as const)('that wants a password says so, for %s', async (scheme) => {
    const { port } = await startProxy({ authorization: 'Basic other' });
    const answer = await sendTo(`${scheme}://handler.invalid/`, {
      proxy: `http://me:geheim@127.0.0.1:${port}`,
    });
    expect(answer).toMatchObject({ fault: expect.stringContaining(`127.0.0.1:${port} refused with 407`) });
    expect(answer?.fault).not.toContain('geheim');
  });

  it.each(['http', 'https'] as const)('that is not there is told from a handler, for %s', async (scheme) => {
    const server = await startServer(() => {});
    await server.close();
    const { host } = new URL(server.url);
    const answer = await sendTo(`${scheme}://handler.invalid/`, { proxy: `http://me:geheim@${host}` });
    expect(answer?.fault).toBe(`ECONNREFUSED: the proxy: nothing listens at ${host}`);
  });

  it('that ends the connection instead of making a tunnel is asked once for each attempt', async () => {
    const server = await startTcpServer((socket) => socket.once('data', () => socket.end()));
    onTestFinished(() => server.close());
    const { host } = new URL(server.url);
    const answer = await sendTo('https://handler.invalid/', { proxy: server.url });
    expect(answer?.fault).toBe(
      `UND_ERR_PRX_CONN: the proxy: ${host} closed the connection before its answer was complete`,
    );
    expect(server.connections()).toBe(1);
  });
});
