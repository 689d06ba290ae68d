import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { Agent, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { LIMITS, serveHttp } from '../../src/http/server.js';
import { eventually } from '../support/handler.js';
import { type PublicServer, sendRaw, startPublic } from '../support/http.js';
import { createLatch } from '../support/latch.js';

const SECRET = 'E_AI_K_c2VjcmV0';
let server: PublicServer | undefined;
afterEach(async () => server?.close(0));

/** A server, with a connection to it that has had an answer and is kept. */
async function keepConnection() {
  const kept = await serveHttp((_request, response) => response.end('answer'), {
    host: '127.0.0.1',
    port: 0,
  });
  const socket = connect(Number(new URL(kept.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  const ask = () => void socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  ask();
  await once(socket, 'data');
  return { kept, socket, ask, received: () => received };
}

describe('the HTTP server', () => {
  it('answers what is no request with 400 in JSON', async () => {
    server = await startPublic({ secrets: [SECRET] });
    expect(await sendRaw(server.url, ['nonsense\r\n\r\n'])).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*{"message":"[^"]+"}$/,
    );
  });

  it.each(['http://[::1', 'http://a:b/webhook', 'ftp://127.0.0.1/webhook'])(
    'answers the target %s, which is no URL of HTTP, with 400 in JSON',
    async (target) => {
      server = await startPublic({ secrets: [SECRET] });
      expect(await sendRaw(server.url, [`GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`])).toMatch(
        /^HTTP\/1\.1 400 [\s\S]*connection: close[\s\S]*{"message":"This is not a valid request"}/i,
      );
    },
  );

  it.each([
    ['http://127.0.0.1/healthz?a=b', 200],
    ['HTTP://%@127.0.0.1/healthz', 200],
    ['http://127.0.0.1', 404],
    ['/healthz#a', 200],
    ['//a@[#', 404],
    ['*', 404],
  ])('takes the target %s as a path', async (target, status) => {
    server = await startPublic({ secrets: [SECRET] });
    const request = `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
    expect(await sendRaw(server.url, [request])).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it.each([
    ['a request without a host', 400, 'POST /webhook HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    [
      'an expectation of another kind',
      417,
      'POST /webhook HTTP/1.1\r\nhost: x\r\nexpect: 200-ok\r\ncontent-length: 0\r\n\r\n',
    ],
    ['who takes it for a proxy', 405, 'CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n'],
  ])('answers %s with %d in JSON', async (_name, status, request) => {
    server = await startPublic({ secrets: [SECRET] });
    expect(await sendRaw(server.url, [request])).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*{"message":"[^"]+"}`),
    );
  });

  it('ends the connection of HTTP/1.0 with a transfer coding, which who is in between may frame otherwise', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const framed =
      'GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    const answers = await sendRaw(server.url, [
      framed,
      'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    ]);
    expect(answers).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*connection: close[\s\S]*{"message":"This is not a valid request"}/i,
    );
    expect(answers.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  });

  it('ends a connection that it is to take elsewhere, whatever the other side does', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const port = Number(new URL(server.url).port);
    const ask = async (): Promise<Socket> => {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      await once(socket, 'connect');
      socket.write('CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n');
      return socket;
    };
    for (let i = 0; i < 20; i++) (await ask()).resetAndDestroy();
    const kept = await ask();
    await once(kept, 'data');
    // It would wait for the one that is kept.
    await server.close(0);
    kept.destroy();
  });

  it('serves HTTP/1.0, which has no host', async () => {
    server = await startPublic({ secrets: [SECRET] });
    expect(await sendRaw(server.url, ['GET /healthz HTTP/1.0\r\n\r\n'])).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('refuses headers over 16 KiB with 431 in JSON', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const answer = await sendRaw(server.url, [
      `POST /webhook HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(17_000)}\r\n\r\n`,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 431 [\s\S]*{"message":"[^"]+"}$/);
  });

  it('refuses more than 100 headers with 431 in JSON, and takes as many', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const withHeaders = (count: number): string =>
      `GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${'x: y\r\n'.repeat(count - 2)}\r\n`;
    expect(await sendRaw(server.url, [withHeaders(100)])).toMatch(/^HTTP\/1\.1 200 /);
    for (const count of [101, 1_000]) {
      expect(await sendRaw(server.url, [withHeaders(count)])).toMatch(
        /^HTTP\/1\.1 431 [\s\S]*{"message":"There are too many headers, or they are too large"}/,
      );
    }
  });

  it.each([
    ['headers', 'POST /webhook HTTP/1.1\r\nhost: x\r\n'],
    [
      'body',
      'POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    ],
  ])('cuts off a sender that takes too long for its %s, with 408 in JSON', async (_name, beginning) => {
    const limits = { ...LIMITS, headersTimeout: 500, requestTimeout: 1_000 };
    server = await startPublic({ secrets: [SECRET], limits });
    const answer = await sendRaw(server.url, [beginning]);
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*{"message":"[^"]+"}$/);
  });

  it('finishes the request under way when it closes, and takes no more', async () => {
    const { opened: held, open: release } = createLatch();
    const { opened: arrival, open: arrived } = createLatch();
    const slow = await startPublic({
      secrets: [SECRET],
      accept: async () => {
        arrived();
        await held;
        return 1;
      },
    });
    server = slow;
    const { signBody } = await import('../../src/formats/request-body.js');
    const body = '{"result":"[]"}';
    const answer = fetch(`${slow.url}/webhook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-webhook-signature': signBody(body, SECRET) },
      body,
    });
    await arrival;
    const closed = slow.close(10_000);
    await expect(fetch(`${slow.url}/healthz`)).rejects.toThrow();
    release();
    expect((await answer).status).toBe(200);
    await closed;
  });

  it('ends connections that are kept busy when it closes, each with the answer to its request', async () => {
    let closed: Promise<void> | undefined;
    let count = 0;
    const busy = await serveHttp(
      (incoming, response) => {
        if (++count === 3) closed = busy.close(10_000);
        incoming.resume().on('end', () => setTimeout(() => response.end(), 10));
      },
      { host: '127.0.0.1', port: 0 },
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(busy.url, { method: 'POST', agent }, (response) => {
          response.resume().on('end', () => resolve(response.headers.connection));
        });
        sent.on('error', reject).end('x');
      });
    for (const kept of ['keep-alive', 'keep-alive', 'keep-alive', 'close']) expect(await post()).toBe(kept);
    await expect(post()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await closed;
    agent.destroy();
  });

  it('answers what was on its way over a kept connection when it closes', async () => {
    const { kept, socket, ask, received } = await keepConnection();
    const closed = kept.close(10_000);
    setTimeout(ask, 100);
    await once(socket, 'close');
    expect(received().match(/^connection: .+$/gim)).toEqual(['Connection: keep-alive', 'connection: close']);
    expect(received().match(/answer/g)).toHaveLength(2);
    await closed;
  });

  it('leaves no interval behind', async () => {
    const intervals = new Set<number>();
    const hook = createHook({
      init: (id, _type, _trigger, resource: { readonly _repeat?: number | null }) => {
        if (typeof resource._repeat === 'number') intervals.add(id);
      },
      destroy: (id) => intervals.delete(id),
    }).enable();
    onTestFinished(() => void hook.disable());
    const address = { host: '127.0.0.1', port: 0 };
    const served = await serveHttp(() => undefined, address, { ...LIMITS, linger: 0 });
    expect(intervals.size).toBeGreaterThan(0);
    await served.close(1_000);
    await eventually(() => expect(intervals).toEqual(new Set()));
  });

  it('hears what came over a kept connection while the thread stood still as it closes', async () => {
    const { kept, socket, ask, received } = await keepConnection();
    const closed = kept.close(10_000);
    ask();
    for (const until = performance.now() + 2 * LIMITS.linger; performance.now() < until; );
    await once(socket, 'close');
    expect(received().match(/answer/g)).toHaveLength(2);
    await closed;
  });

  it('takes no more connections at a time than it may, and lets go of those that have ended', async () => {
    const refs: WeakRef<Socket>[] = [];
    const served = await serveHttp(
      (incoming, response) => {
        refs.push(new WeakRef(incoming.socket));
        response.end('answer');
      },
      { host: '127.0.0.1', port: 0 },
      { ...LIMITS, connections: 2 },
    );
    onTestFinished(() => served.close(0));
    const port = Number(new URL(served.url).port);
    const ask = async () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      const ended = once(socket, 'close');
      let answer = '';
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      await Promise.race([once(socket, 'data'), ended]);
      return { end: () => socket.destroy(), answered: answer.includes('answer') };
    };
    const [first, second, third] = [await ask(), await ask(), await ask()];
    expect([first, second, third].map(({ answered }) => answered)).toEqual([true, true, false]);
    first.end();
    for (let left = 20; left > 0; left--) {
      // The server hears of the end a little later.
      await eventually(async () => {
        const next = await ask();
        next.end();
        expect(next.answered).toBe(true);
      });
    }
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    await eventually(() => {
      collect();
      // Some may still be held by who reads the next request.
      expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
    });
    second.end();
  });

  it('says what to do about a port in use', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const port = Number(new URL(server.url).port);
    await expect(serveHttp(() => undefined, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining('stop the program that has it'),
    });
  });

  it('does not wait for a connection on which nothing has come when it closes', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    await once(socket, 'connect');
    // If it did, the test would not come to its end.
    await server.close(3_600_000);
    socket.destroy();
  });

  it('ends idle connections when it closes, and none with a request under way before the grace is over', async () => {
    const held: ServerResponse[] = [];
    const limits = { ...LIMITS, linger: 0, keepAliveTimeout: 3_600_000 };
    const address = { host: '127.0.0.1', port: 0 };
    const served = await serveHttp(
      ({ url }, response) => {
        if (url === '/held') held.push(response);
        else response.end('answer');
      },
      address,
      limits,
    );
    const open = (path: string): Socket => {
      const socket = connect(Number(new URL(served.url).port), '127.0.0.1').on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      return socket;
    };
    const busy = open('/held');
    let received = '';
    busy.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    const ended = once(busy, 'close');
    const idle = open('/').resume();
    await once(idle, 'data');
    await eventually(() => expect(held).toHaveLength(1));
    const closed = served.close(3_600_000);
    await once(idle, 'close');
    held[0]?.end('answer');
    await Promise.all([closed, ended]);
    expect(received).toContain('answer');
  });

  it('ends what is left once the grace is over', async () => {
    const held: unknown[] = [];
    const address = { host: '127.0.0.1', port: 0 };
    const served = await serveHttp((_request, response) => held.push(response), address);
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(() => expect(held).toHaveLength(1));
    // If it did not, the test would not come to its end.
    await served.close(1);
    socket.destroy();
  });

  it('holds idle connections no longer than it must when it closes', async () => {
    server = await startPublic({ secrets: [SECRET] });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    await server.close(50);
    socket.destroy();
  });
});
