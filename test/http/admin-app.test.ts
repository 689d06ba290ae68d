import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { type Check, createAdminApp } from '../../src/http/admin-app.js';
import { serveHttp } from '../../src/http/server.js';
import { memoryLog, sendRaw } from '../support/http.js';

async function start(
  token: string | null,
  store: Check = { ok: true, message: 'takes writes' },
): Promise<string> {
  const app = createAdminApp({
    token,
    ready: async () => ({ store }),
    metrics: async () => ({ type: 'text/plain', text: 'shim_backlog 1\n' }),
    log: memoryLog(),
  });
  const server = await serveHttp(app.callback(), { host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close(0));
  return server.url;
}

function get(url: string, host: string, headers: Readonly<Record<string, string>> = {}) {
  return new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    request(url, { headers: { host, ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

it.each([
  'localhost',
  'localhost:4010',
  'shim.localhost:80',
  'LOCALHOST',
  '127.0.0.1:4010',
  '127.9.9.9',
  '[::1]:4010',
])('answers to %s without a token', async (host) => {
  const url = await start(null);
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    expect(await get(url + path, host)).toMatchObject({ status: 200 });
  }
});

it.each([
  'attacker.example',
  'attacker.example:4010',
  'localhost.attacker.example',
  'localhost@attacker.example',
  'notlocalhost',
  '127.0.0.1.attacker.example',
  '10.0.0.5:4010',
  '0.0.0.0:4010',
  '[::2]',
  'a b',
])('tells nothing to %s without a token but that it lives, and says what helps', async (host) => {
  const url = await start(null);
  for (const path of ['/metrics', '/readyz']) {
    const { status, body } = await get(url + path, host);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toEqual({ message: expect.stringContaining('set admin.token') });
  }
  expect(await get(`${url}/healthz`, host)).toMatchObject({ status: 200, body: '{"message":"ok"}' });
});

it('answers to what has no name for it, which is no browser', async () => {
  const url = await start(null);
  expect(await sendRaw(`${url}/`, ['GET /readyz HTTP/1.0\r\n\r\n'])).toContain('200 OK');
});

it('goes by the token alone where there is one', async () => {
  const url = await start('a-token-of-the-test');
  const host = 'shim.internal:4010';
  const headers = { authorization: 'Bearer a-token-of-the-test' };
  expect(await get(`${url}/metrics`, host, headers)).toMatchObject({ status: 200 });
  expect(await get(`${url}/metrics`, host)).toMatchObject({ status: 401 });
  expect(await get(`${url}/readyz`, host)).toMatchObject({ status: 200 });
});

it('says in JSON what it does not have, and how to send the token', async () => {
  const without = await fetch(`${await start(null)}/nothing`);
  expect([without.status, await without.json()]).toEqual([404, { message: expect.any(String) }]);
  const refused = await fetch(`${await start('a-token-of-the-test')}/metrics`);
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
});

it('says what is wrong with the store to who has the token, and to others that something is', async () => {
  const message = 'postgres://db.internal:5432/shim: the password of the user "shim" is refused';
  const url = await start('a-token-of-the-test', { ok: false, message });
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const { status, body } = await get(`${url}/readyz`, 'shim.internal', headers);
    return [status, JSON.parse(body)];
  };
  const told = (checks: object) => [503, { message: 'not ready: store', checks }];
  for (const headers of [{}, { authorization: 'Bearer another' }]) {
    expect(await ask(headers)).toEqual(told({ store: { ok: false } }));
  }
  const headers = { authorization: 'Bearer a-token-of-the-test' };
  expect(await ask(headers)).toEqual(told({ store: { ok: false, message } }));
});
