import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../src/delivery/answer.js';
import { createSender, type Sender } from '../../src/delivery/sender.js';
import { until } from './handler.js';
import { readBody, startServer, startTcpServer, type TestServer } from './servers.js';

const message = { body: '{"event":"extraction.processed","result":[]}', headers: { 'x-a': '1' } };
const toClose: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of toClose.splice(0).reverse()) await each.close();
});

function senderTo(url: string, options: { timeout?: number; concurrency?: number } = {}): Sender {
  const sender = createSender({ url, timeout: 10_000, concurrency: 1, tls: null, proxy: null, ...options });
  toClose.push(sender);
  return sender;
}

async function serve(listener: RequestListener): Promise<TestServer> {
  const server = await startServer(listener);
  toClose.push(server);
  return server;
}

async function serveTcp(onConnection: (socket: Socket) => void): Promise<TestServer> {
  const server = await startTcpServer(onConnection);
  toClose.push(server);
  return server;
}

async function answerOf(
  listener: RequestListener,
  options: { timeout?: number } = {},
): Promise<Answer | null> {
  const server = await serve(listener);
  return senderTo(server.url, options).send(message);
}

describe('a request', () => {
  it('is a POST to path and query, with the body and the headers as they are', async () => {
    const seen: unknown[] = [];
    const server = await serve(async (request, response) => {
      const { method, url, headers } = request;
      seen.push([method, url, headers['x-a'], headers['content-length'], await readBody(request)]);
      response.end('ok');
    });
    const answer = await senderTo(`${server.url}/a/b?c=d`).send(message);
    expect(answer).toMatchObject({ status: 200, response: 'ok', fault: null, retryAfter: null });
    expect(seen).toEqual([['POST', '/a/b?c=d', '1', String(message.body.length), message.body]]);
  });

  it('uses its connection again, after empty, small and failed answers alike', async () => {
    const statuses = [204, 200, 500, 302, 200];
    let count = 0;
    const server = await serve((request, response) => {
      request.resume();
      response.writeHead(statuses[count++] ?? 200, { location: '/elsewhere' });
      response.end(count === 1 ? undefined : 'x'.repeat(10_000));
    });
    const sender = senderTo(server.url);
    const seen = [];
    for (const _ of statuses) seen.push((await sender.send(message))?.status);
    expect(seen).toEqual(statuses);
    expect(server.connections()).toBe(1);
  });

  it('is sent once more where the idle connection that it took was closed meanwhile', async () => {
    const bodies: string[] = [];
    const server = await serveTcp((socket) => {
      let requests = 0;
      socket.on('data', (data) => {
        // Closes at the second request: as if it had decided to before that came.
        if (++requests === 2) return socket.destroy();
        bodies.push(data.toString());
        socket.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const sender = senderTo(server.url);
    const answers = [await sender.send(message), await sender.send(message), await sender.send(message)];
    expect(answers).toEqual(Array(3).fill(expect.objectContaining({ status: 200, fault: null })));
    expect(server.connections()).toBe(3);
    expect(bodies).toHaveLength(3);
  });

  it('is sent once more where the idle connection was reset before it went over that', async () => {
    const sockets: Socket[] = [];
    const server = await serveTcp((socket) => {
      sockets.push(socket);
      socket.on('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok'),
      );
    });
    const sender = senderTo(server.url);
    expect(await sender.send(message)).toMatchObject({ status: 200 });
    // What was received comes before the next immediates, of which one looks whether an idle connection still stands.
    await new Promise((resolve) => setImmediate(resolve));
    sockets[0]?.resetAndDestroy();
    expect(await sender.send(message)).toMatchObject({ status: 200, fault: null });
    expect(server.connections()).toBe(2);
  });

  it('is sent once alone over a new connection, however that ends', async () => {
    const server = await serveTcp((socket) => socket.once('data', () => socket.destroy()));
    const answer = await senderTo(server.url).send(message);
    expect(answer?.fault).toMatch(/closed the connection before its answer was complete$/);
    expect(server.connections()).toBe(1);
  });

  it('is not sent more often than twice where connections are closed for good', async () => {
    let open = true;
    const server = await serveTcp((socket) => {
      socket.on('data', () => {
        if (open) socket.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n');
        else socket.destroy();
      });
    });
    const sender = senderTo(server.url);
    expect(await sender.send(message)).toMatchObject({ status: 200 });
    open = false;
    expect((await sender.send(message))?.fault).toMatch(/closed the connection/);
    expect(server.connections()).toBe(2);
  });

  it('is not sent more often than twice where one idle connection after another is closed', async () => {
    const sent: string[] = [];
    const sockets: Socket[] = [];
    const server = await serveTcp((socket) => {
      sockets.push(socket);
      socket.on('data', (data) => sent.push(/x-a: (\w+)/.exec(data.toString())?.[1] ?? ''));
    });
    const sender = senderTo(server.url, { concurrency: 2 });
    const send = (name: string) => sender.send({ ...message, headers: { 'x-a': name } });
    const answer = (index: number) =>
      sockets[index]?.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n');
    const idle = [send('a'), send('b')];
    await until(() => sent.length === 2);
    answer(0);
    answer(1);
    await Promise.all(idle);
    const [closed, answered] = [send('c'), send('d')];
    await until(() => sent.length === 4);
    // It takes the place of the one that is closed now, on a new connection.
    const waiting = send('e');
    sockets[0]?.destroy();
    await until(() => sent.length === 5);
    answer(1);
    await until(() => sent.length === 6);
    sockets[1]?.destroy();
    expect((await closed)?.fault).toMatch(/closed the connection/);
    // Were it to be sent again, it would go out now, as over an idle connection.
    answer(2);
    expect(await Promise.all([answered, waiting])).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'c']);
  });

  it('opens no more connections than are asked for', async () => {
    const server = await serve((request, response) => request.resume().on('end', () => response.end()));
    const sender = senderTo(server.url, { concurrency: 3 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => sender.send(message)));
    expect(answers.every((answer) => answer?.status === 200)).toBe(true);
    expect(server.connections()).toBeLessThanOrEqual(3);
  });
});

describe('the name of a handler', () => {
  it('is looked up once for all connections that are being made', async () => {
    const names: string[] = [];
    const observer = new PerformanceObserver((list) =>
      names.push(...list.getEntries().map(({ name }) => name)),
    );
    observer.observe({ entryTypes: ['dns'] });
    toClose.push({ close: async () => observer.disconnect() });
    const server = await serve((request, response) => request.resume().on('end', () => response.end()));
    const sender = senderTo(server.url.replace('127.0.0.1', 'localhost'), { concurrency: 8 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => sender.send(message)));
    expect(answers.map((answer) => answer?.status)).toEqual(Array(8).fill(200));
    expect(server.connections()).toBe(8);
    await until(() => names.length > 0);
    expect(names).toEqual(['lookup']);
  });
});

describe('an answer', () => {
  it('without a body is an empty text', async () => {
    expect(await answerOf((_request, response) => response.writeHead(204).end())).toMatchObject({
      status: 204,
      response: '',
      fault: null,
    });
  });

  it.each([204, 304])('of %i ends with its headers, whatever length they tell', async (status) => {
    const server = await serveTcp((socket) =>
      socket.once('data', () => socket.write(`HTTP/1.1 ${status} -\r\ncontent-length: 5\r\n\r\n`)),
    );
    const answer = await senderTo(server.url).send(message);
    expect(answer).toMatchObject({ status, response: '', fault: null });
  });

  it('that redirects is handed back, not followed', async () => {
    const paths: unknown[] = [];
    const answer = await answerOf((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(answer?.status).toBe(307);
    expect(paths).toEqual(['/']);
  });

  it('tells when to come again', async () => {
    const answer = await answerOf((_request, response) =>
      response.writeHead(503, { 'retry-after': '120' }).end(),
    );
    expect(answer).toMatchObject({ status: 503, retryAfter: '120' });
  });

  it('comes after early hints', async () => {
    const answer = await answerOf((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(201).end('made');
    });
    expect(answer).toMatchObject({ status: 201, response: 'made', fault: null });
  });

  it('does not come after early hints without end: those are cut off, long before they time out', async () => {
    const server = await serveTcp((socket) => {
      const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1_000);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(hints));
      };
      socket.on('drain', pour);
      socket.once('data', pour);
    });
    expect(await senderTo(server.url).send(message)).toMatchObject({
      status: null,
      response: null,
      fault: 'more than 100 times 1xx instead of an answer',
      ours: false,
    });
  });

  it.each([
    ['100 Continue', /^UND_ERR_SOCKET: 127\.0\.0\.1:\d+ sent 100 Continue, which was not asked for: /],
    [
      '101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x',
      /^UND_ERR_SOCKET: 127\.0\.0\.1:\d+ changed the protocol, which was not asked for$/,
    ],
  ])('that begins with %s is a fault that says so, and is not asked for twice', async (head, fault) => {
    let requests = 0;
    const server = await serveTcp((socket) =>
      socket.on('data', () => {
        const before = ++requests === 1 ? '' : `HTTP/1.1 ${head}\r\n\r\n`;
        socket.write(`${before}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`);
      }),
    );
    const sender = senderTo(server.url);
    expect(await sender.send(message)).toMatchObject({ status: 200, fault: null });
    const answer = await sender.send(message);
    expect(answer).toMatchObject({ status: null, response: null, ours: false });
    expect(answer?.fault).toMatch(fault);
    expect(requests).toBe(2);
  });

  it('is kept to its first 4 KiB, cut between characters', async () => {
    const answer = await answerOf((_request, response) => response.end(`x${'ü'.repeat(5_000)}`));
    expect(answer?.response).toBe(`x${'ü'.repeat(2_047)}`);
    expect(answer).toMatchObject({ status: 200, fault: null });
  });

  it('of bytes that are no text is kept as well as it can be', async () => {
    const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0x62]);
    const answer = await answerOf((_request, response) => response.end(bytes));
    expect(answer?.response).toBe('a\uFFFD\uFFFD\uFFFDb');
  });

  it('that is huge is cut off and counts by its status', async () => {
    let finished = false;
    const answer = await answerOf((_request, response) => {
      response.writeHead(200, { 'content-length': 1e9 });
      response.on('finish', () => {
        finished = true;
      });
      response.write('x'.repeat(1_000_000));
    });
    expect(answer).toMatchObject({ status: 200, fault: null, response: 'x'.repeat(4_096) });
    expect(finished).toBe(false);
  });

  it('that never ends is cut off, and the next request finds a new connection', async () => {
    let endless = true;
    const server = await serve((request, response) => {
      request.resume();
      if (!endless) return response.end('ok');
      const pour = (): void => {
        while (response.write('x'.repeat(8_192)));
      };
      response.on('drain', pour);
      pour();
    });
    const sender = senderTo(server.url);
    expect(await sender.send(message)).toMatchObject({ status: 200, fault: null });
    endless = false;
    expect(await sender.send(message)).toMatchObject({ status: 200, response: 'ok' });
    expect(server.connections()).toBe(2);
  });

  it('that breaks off is a fault, with what came of it', async () => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    expect(answer).toMatchObject({ status: 200, response: 'half' });
    expect(answer?.fault).toMatch(/^(UND_ERR_SOCKET|ECONNRESET): .* closed the connection before its answer/);
  });

  it('that breaks off over a connection that was idle is not asked for once more', async () => {
    let requests = 0;
    const head = 'HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\r\n';
    const server = await serveTcp((socket) => {
      socket.on('data', () => {
        if (++requests === 1) socket.write(`${head}full`);
        else socket.end(`${head}ha`);
      });
    });
    const sender = senderTo(server.url);
    expect(await sender.send(message)).toMatchObject({ status: 200, response: 'full', fault: null });
    const answer = await sender.send(message);
    expect(answer).toMatchObject({ status: 200, response: 'ha' });
    expect(answer?.fault).toMatch(/closed the connection before its answer/);
    expect([requests, server.connections()]).toEqual([2, 1]);
  });

  it.each([
    ['220 mail.example ESMTP\r\n', 'HTTPParserError'],
    ['HTTP/1.1 099 Odd\r\n\r\n', 'ERR_ASSERTION'],
  ])('that is no HTTP is a fault: %j', async (text, code) => {
    const server = await serveTcp((socket) => socket.once('data', () => socket.end(text)));
    const answer = await senderTo(server.url).send(message);
    expect(answer).toMatchObject({ status: null, response: null });
    expect(answer?.fault?.replace(/:\d+/, '')).toBe(`${code}: what 127.0.0.1 answered is not HTTP`);
  });
});

describe('a request without an answer', () => {
  it('says that nothing listens there', async () => {
    const server = await startServer(() => {});
    await server.close();
    const answer = await senderTo(`${server.url}/hook?token=geheim`).send(message);
    expect(answer).toMatchObject({
      status: null,
      response: null,
      fault: `ECONNREFUSED: nothing listens at ${new URL(server.url).host}`,
      ours: false,
    });
  });

  it('says that there is no such host', async () => {
    const answer = await senderTo('http://no-such-host.invalid/hook').send(message);
    expect(answer?.fault).toMatch(/^(ENOTFOUND|EAI_AGAIN): .*no-such-host\.invalid/);
  });

  it('says that the other side does not speak TLS', async () => {
    const server = await serve((_request, response) => response.end());
    const answer = await senderTo(server.url.replace('http:', 'https:')).send(message);
    expect(answer?.fault).toMatch(/no TLS connection|closed the connection/);
  });

  it('says that a header cannot be sent, without its value', async () => {
    const server = await serve((_request, response) => response.end());
    const answer = await senderTo(server.url).send({
      body: '',
      headers: { authorization: 'Bearer geheim\n' },
    });
    expect(answer).toMatchObject({
      fault: 'UND_ERR_INVALID_ARG: invalid authorization header',
      ours: true,
    });
  });
});

describe('the time limit', () => {
  it('ends the wait for headers', async () => {
    const answer = await answerOf(() => {}, { timeout: 2_000 });
    expect(answer).toMatchObject({ status: null, response: null, fault: 'timed out after 2s' });
    expect(answer?.duration).toBeGreaterThan(0);
  });

  it('ends a body that drips, however steadily', async () => {
    let dripping: NodeJS.Timeout | undefined;
    const answer = await answerOf(
      (_request, response) => {
        response.writeHead(200);
        dripping = setInterval(() => response.write('x'), 10);
      },
      { timeout: 2_000 },
    );
    clearInterval(dripping);
    expect(answer).toMatchObject({ status: 200, fault: 'timed out after 2s amid the answer' });
    expect(answer?.response).toMatch(/^x+$/);
  });

  it('ends the wait for a connection', async () => {
    // Accepts, and then says nothing: a TLS connection never comes about.
    const server = await serveTcp(() => {});
    const sender = senderTo(server.url.replace('http:', 'https:'), { timeout: 100 });
    const answer = await sender.send(message);
    expect(answer).toMatchObject({ status: null, fault: 'timed out after 100ms without a connection' });
  });

  it('does not count against an answer that came while this process stood still', async () => {
    const turn = new Int32Array(new SharedArrayBuffer(4));
    const [ARRIVED, FROZEN, ANSWERED] = [1, 2, 3];
    const handler = new Worker(
      `const { parentPort, workerData: turn } = require('node:worker_threads');
       const server = require('node:http').createServer((request, response) => {
         Atomics.store(turn, 0, ${ARRIVED});
         Atomics.wait(turn, 0, ${ARRIVED});
         response.end('ok', () => {
           Atomics.store(turn, 0, ${ANSWERED});
           Atomics.notify(turn, 0);
         });
       });
       server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
      { eval: true, workerData: turn },
    );
    toClose.push({ close: async () => void (await handler.terminate()) });
    const [port] = await once(handler, 'message');
    const timeout = 2_000;
    const answer = senderTo(`http://127.0.0.1:${port}`, { timeout }).send(message);
    const late = performance.now() + timeout + 10;
    await until(() => Atomics.load(turn, 0) === ARRIVED);
    // From here timers come next.
    await new Promise(setImmediate);
    Atomics.store(turn, 0, FROZEN);
    Atomics.notify(turn, 0);
    Atomics.wait(turn, 0, FROZEN);
    Atomics.wait(turn, 0, ANSWERED, late - performance.now());
    expect(await answer).toMatchObject({ status: 200, response: 'ok', fault: null });
  });

  it('is for each request alone', async () => {
    const server = await serve((request, response) => {
      if (request.headers['x-a'] === 'slow') return;
      response.end();
    });
    const sender = senderTo(server.url, { timeout: 2_000, concurrency: 2 });
    const slow = sender.send({ body: '{}', headers: { 'x-a': 'slow' } });
    let quick = 0;
    let over = false;
    void slow.then(() => {
      over = true;
    });
    while (!over) {
      if ((await sender.send(message))?.status === 200) quick++;
    }
    expect((await slow)?.fault).toBe('timed out after 2s');
    expect(quick).toBeGreaterThan(0);
    expect(await sender.send(message)).toMatchObject({ status: 200 });
  });
});

describe('being abandoned', () => {
  it('ends what is on its way without an answer, wherever it is', async () => {
    let arrived = 0;
    const server = await serve((_request, response) => {
      if (++arrived === 2) response.writeHead(200).write('begun');
    });
    const sender = senderTo(server.url, { concurrency: 2 });
    const answers = [sender.send(message), sender.send(message)];
    await until(() => arrived === 2);
    const unconnected = sender.send(message);
    sender.abandon();
    expect(await Promise.all([...answers, unconnected])).toEqual([null, null, null]);
  });

  it('never sends what waited for a connection', async () => {
    const arrived: string[] = [];
    const server = await serve(async (request, response) => {
      arrived.push(await readBody(request));
      if (arrived.length > 1) response.end();
    });
    const sender = senderTo(server.url);
    const answers = [sender.send(message), sender.send({ ...message, body: 'waited' })];
    await until(() => arrived.length === 1);
    sender.abandon();
    expect(await Promise.all(answers)).toEqual([null, null]);
    // Over the one connection that there is, this comes after it.
    await sender.send({ ...message, body: 'later' });
    expect(arrived).toEqual([message.body, 'later']);
  });

  it('is part of closing', async () => {
    let arrived = 0;
    const server = await serve(() => {
      arrived++;
    });
    const sender = senderTo(server.url);
    const answer = sender.send(message);
    await until(() => arrived === 1);
    await sender.close();
    expect(await answer).toBeNull();
  });
});
