import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StoreError } from '../../src/errors.js';
import { signBody } from '../../src/formats/request-body.js';
import { eventually } from '../support/handler.js';
import { type PublicServer, sendRaw, startPublic } from '../support/http.js';
import { createLatch } from '../support/latch.js';
import { vectors } from '../support/vectors.js';

const SECRET = 'E_AI_K_c2VjcmV0';
const BODY = '{"result":"[]"}';
const HEADERS = { 'content-type': 'application/json', 'x-webhook-signature': signBody(BODY, SECRET) };

const COMPRESSING = { ...HEADERS, 'content-encoding': 'gzip' };
const MB = 1_000_000;
const LARGE = JSON.stringify({ result: 'x'.repeat(9 * MB) });
const SIGNATURE_OF_LARGE = signBody(LARGE, SECRET);
/** A compressed body without an end that becomes more than nine million bytes, in chunks: its head and its first chunk. */
const COMPRESSED =
  'POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n';
const BEGINNING = gzipSync('x'.repeat(9.5 * MB)).subarray(0, -100);
const BOMB = `${BEGINNING.length.toString(16)}\r\n${BEGINNING.toString('latin1')}\r\n`;

let server: PublicServer | undefined;
afterEach(async () => server?.close(0));

async function start(options: Partial<Parameters<typeof startPublic>[0]> = {}): Promise<PublicServer> {
  server = await startPublic({ secrets: [SECRET], ...options });
  return server;
}

async function post(body: string | Buffer, headers: Record<string, string> = HEADERS, path = '/webhook') {
  const response = await fetch(`${server?.url}${path}`, { method: 'POST', headers, body });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { message: string },
  };
}

/** A sender that has begun, and does not end. */
async function begin(...parts: readonly string[]): Promise<Socket> {
  const socket = connect(Number(new URL(server?.url ?? '').port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const part of parts) socket.write(part, 'latin1');
  return socket;
}

describe('the vectors over HTTP', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const { accepted } = await start({ secrets: [vector.secret] });
    const answer = await post(vector.request.body, { ...vector.request.headers });
    expect(answer.status).toBe(vector.expect.status);
    expect(answer.body.message).toEqual(expect.any(String));
    if (vector.expect.response !== undefined) expect(answer.body).toEqual(vector.expect.response);
    expect(accepted).toHaveLength(vector.expect.status === 200 ? 1 : 0);
    if (accepted[0] !== undefined) {
      expect(accepted[0].body).toBe(vector.request.body);
      expect(accepted[0].signature).toBe(vector.request.headers['x-webhook-signature']);
    }
  });
});

describe('the public port', () => {
  it('answers what the vendor documents', async () => {
    await start();
    const answer = await post(BODY);
    expect([answer.status, answer.body]).toEqual([200, { message: 'Webhook received' }]);
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  it('hands over what came, with the secret that signed it', async () => {
    const { accepted } = await start({ secrets: ['E_AI_K_new', SECRET] });
    await post(BODY);
    expect(accepted).toEqual([
      {
        source: 'extracta',
        format: 'legacy',
        receivedAt: 1_000,
        body: BODY,
        signature: HEADERS['x-webhook-signature'],
        secretIndex: 1,
      },
    ]);
  });

  it('takes a source that is pinned to a format at its word', async () => {
    const { accepted } = await start({ format: 'new' });
    await post(BODY);
    expect(accepted[0]?.format).toBe('new');
  });

  it.each(['application/json; charset=utf-8', 'application/vnd.vendor+json', 'APPLICATION/JSON'])(
    'takes %s',
    async (type) => {
      await start();
      expect((await post(BODY, { ...HEADERS, 'content-type': type })).status).toBe(200);
    },
  );

  it.each(['text/plain', 'application/jsonp', 'text/json-not', 'application/x-www-form-urlencoded', ''])(
    'refuses the media type "%s" with 415',
    async (type) => {
      const { accepted } = await start();
      expect((await post(BODY, { ...HEADERS, 'content-type': type })).status).toBe(415);
      expect(accepted).toEqual([]);
    },
  );

  it('inflates what was compressed', async () => {
    const { accepted } = await start();
    expect((await post(gzipSync(BODY), { ...HEADERS, 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await post(brotliCompressSync(BODY), { ...HEADERS, 'content-encoding': 'br' })).status).toBe(200);
    expect(accepted.map((webhook) => webhook.body)).toEqual([BODY, BODY]);
  });

  it.each([
    ['GZIP', gzipSync(BODY)],
    ['x-gzip', gzipSync(BODY)],
    ['Deflate', deflateSync(BODY)],
    ['BR', brotliCompressSync(BODY)],
    ['Identity', BODY],
  ])('knows the content coding %s, in any letter case', async (coding, body) => {
    const { accepted } = await start();
    expect((await post(body, { ...HEADERS, 'content-encoding': coding })).status).toBe(200);
    expect(accepted.map((webhook) => webhook.body)).toEqual([BODY]);
  });

  it('refuses a compressed body that is not one, or in a way it does not know', async () => {
    await start();
    expect((await post(BODY, { ...HEADERS, 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(BODY, { ...HEADERS, 'content-encoding': 'zstd' })).status).toBe(415);
    expect((await post(BODY, { ...HEADERS, 'content-encoding': 'constructor' })).status).toBe(415);
  });

  it('refuses a body over the limit with 413, however it comes', async () => {
    await start({ bodyLimit: 1_000 });
    const large = JSON.stringify({ result: 'x'.repeat(1_000) });
    expect((await post(large)).status).toBe(413);
    expect((await post(gzipSync(large), { ...HEADERS, 'content-encoding': 'gzip' })).status).toBe(413);
    const head =
      'POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const chunked = await sendRaw(server?.url ?? '', [head, `7d0\r\n${'x'.repeat(2_000)}\r\n`]);
    expect(chunked).toMatch(/^HTTP\/1\.1 413 [\s\S]*"message"/);
    const exact = JSON.stringify({ result: 'x'.repeat(1_000 - 13) });
    expect(Buffer.byteLength(exact)).toBe(1_000);
    expect((await post(exact, { ...HEADERS, 'x-webhook-signature': signBody(exact, SECRET) })).status).toBe(
      200,
    );
  });

  it('refuses an empty body with 400', async () => {
    await start();
    expect((await post('')).status).toBe(400);
  });

  it('refuses deep nesting with 400, before anyone is authenticated', async () => {
    await start();
    for (const deep of ['['.repeat(100_000), `{"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}`]) {
      expect((await post(deep)).status).toBe(400);
    }
  });

  it('refuses two signature headers, though both are right', async () => {
    await start();
    const signature = `x-webhook-signature: ${HEADERS['x-webhook-signature']}\r\n`;
    const answer = await sendRaw(server?.url ?? '', [
      `POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${signature}${signature}`,
      `content-length: ${BODY.length}\r\n\r\n${BODY}`,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('says nothing of the content to who is not authenticated', async () => {
    await start();
    const answers = [];
    for (const body of ['{"result":"not json"}', '{"event":"x","result":7}', '{"result":"[]"}']) {
      answers.push(await post(body, { ...HEADERS, 'x-webhook-signature': 'AAAA' }));
    }
    expect(new Set(answers.map((answer) => JSON.stringify([answer.status, answer.body])))).toEqual(
      new Set([JSON.stringify([401, { message: 'Webhook is not properly signed' }])]),
    );
  });

  it('answers 404 and 405 in JSON, the latter with what is allowed', async () => {
    await start();
    expect((await post(BODY, HEADERS, '/other')).status).toBe(404);
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const response = await fetch(`${server?.url}/webhook`, { method });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST']);
      expect(await response.json()).toEqual({ message: expect.stringContaining('POST') });
    }
  });

  it('says in the log that a webhook came to a path of nobody, once, and nothing of what has no signature', async () => {
    const { log } = await start();
    const { 'x-webhook-signature': _, ...unsigned } = HEADERS;
    await post(BODY, unsigned, '/wp-login');
    await fetch(`${server?.url}/other`, { headers: HEADERS });
    expect(log.lines).toEqual([]);
    await post(BODY, HEADERS, `/other/${'x'.repeat(1_000)}`);
    await post(BODY, HEADERS, '/other');
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain('"paths":["/webhook"],"heldBack":0');
    expect(log.lines[0]).toContain('correct the URL in the dashboard');
    expect(log.lines[0]?.length).toBeLessThan(500);
  });

  it('answers GET /healthz', async () => {
    await start();
    expect((await fetch(`${server?.url}/healthz`)).status).toBe(200);
  });

  it('answers 503 with Retry-After when the store cannot take it, and never a 2xx', async () => {
    await start({ accept: async () => Promise.reject(new StoreError('store_full', 'the disk is full')) });
    const answer = await post(BODY);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(JSON.stringify(answer.body)).not.toContain('disk');
  });

  it('answers 500 without a word of the cause for a fault of ours', async () => {
    await start({ accept: async () => Promise.reject(new Error('internals')) });
    expect(await post(BODY)).toMatchObject({ status: 500, body: { message: 'Internal error' } });
  });

  it('tells of each request at the path of a source what became of it', async () => {
    const { answered } = await start({ bodyLimit: 1_000 });
    const recent = '{"event":"extraction.processed","result":[]}';
    await post(BODY);
    await post(recent, { ...HEADERS, 'x-webhook-signature': signBody(recent, SECRET) });
    await post(BODY, { ...HEADERS, 'x-webhook-signature': 'AAAA' });
    await post('[]');
    await post('not JSON');
    await post(BODY, { ...HEADERS, 'content-encoding': 'gzip' });
    await post(JSON.stringify({ result: 'x'.repeat(1_000) }));
    await post(BODY, { ...HEADERS, 'content-type': 'text/plain' });
    await fetch(`${server?.url}/webhook`);
    await post(BODY, HEADERS, '/other');
    expect(answered).toEqual([
      ['accepted', 'legacy'],
      ['accepted', 'new'],
      ['refused', null],
      ['malformed', null],
      ['malformed', null],
      ['malformed', null],
      ['too_large', null],
      ['media_type', null],
      ['method', null],
    ]);
  });

  it.each([
    ['not_stored', new StoreError('store_full', 'the disk is full')],
    ['failed', new Error('internals')],
  ])('tells that a webhook was %s', async (outcome, error) => {
    const { answered } = await start({ accept: async () => Promise.reject(error) });
    await post(BODY);
    expect(answered).toEqual([[outcome, null]]);
  });

  it('shows what was refused for its signature, and nothing else', async () => {
    const { refused } = await start();
    await post(BODY);
    await post('[]');
    await post(BODY, { ...HEADERS, 'x-webhook-signature': 'AAAA' }, '/WebHook');
    await post(BODY, { 'content-type': 'application/json' });
    const address = expect.stringMatching(/127\.0\.0\.1$/);
    expect(refused).toEqual([
      { body: BODY, signature: 'AAAA', path: '/WebHook', address },
      { body: BODY, signature: undefined, path: '/webhook', address },
    ]);
  });

  it('takes no room from others for what a sender has only announced', async () => {
    await start();
    const head = `POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${10 * MB}\r\n\r\n`;
    const announced = await Promise.all(Array.from({ length: 30 }, () => begin(head)));
    expect((await post(LARGE, { ...HEADERS, 'x-webhook-signature': SIGNATURE_OF_LARGE })).status).toBe(200);
    for (const socket of announced) socket.destroy();
  });

  it('bounds what bodies hold until they are stored, and lets in those that are small or not compressed', async () => {
    let arrived = 0;
    const { opened: stored, open: release } = createLatch();
    const { url } = await start({
      accept: async () => {
        arrived++;
        await stored;
        return arrived;
      },
    });
    const compressed = { ...COMPRESSING, 'x-webhook-signature': SIGNATURE_OF_LARGE };
    const held = Array.from({ length: 7 }, () => post(gzipSync(LARGE), compressed));
    await eventually(() => expect(arrived).toBe(7));

    const refused = await post(gzipSync(LARGE), compressed);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(server?.answered).toEqual([['busy', null]]);
    // Amid its body: it is told once it has sent all of it, over a connection that is kept.
    const rest = randomBytes(2 * MB).toString('latin1');
    const chunk = `${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`;
    const again = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
    const answers = await sendRaw(url, [COMPRESSED, BOMB, chunk, again], '"ok"');
    expect(answers).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1[\s\S]*HTTP\/1\.1 200 /i);

    held.push(post(gzipSync(BODY), COMPRESSING));
    held.push(post(LARGE, { ...HEADERS, 'x-webhook-signature': SIGNATURE_OF_LARGE }));
    await eventually(() => expect(arrived).toBe(9));
    release();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 200));
    expect((await post(gzipSync(LARGE), compressed)).status).toBe(200);
  });

  it('holds nothing of a compressed body whose sender has gone', async () => {
    const { answered } = await start();
    for (let i = 1; i <= 30; i++) {
      const socket = await begin(COMPRESSED, BOMB);
      socket.destroy();
      await eventually(() => expect(answered).toHaveLength(i));
    }
    const compressed = { ...COMPRESSING, 'x-webhook-signature': SIGNATURE_OF_LARGE };
    expect((await post(gzipSync(LARGE), compressed)).status).toBe(200);
  });

  it('holds of a body whose size was not told what it has, once it is read', async () => {
    const many = 60;
    let arrived = 0;
    const { opened: all, open: release } = createLatch();
    const { url } = await start({
      accept: async () => {
        if (++arrived === many) release();
        await all;
        return arrived;
      },
    });
    const post = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(`${url}/webhook`, { method: 'POST', headers: HEADERS }, (response) => {
          response.resume();
          // One that is refused lets the others go, so that this ends.
          if (response.statusCode !== 200) release();
          resolve(response.statusCode);
        });
        sent.on('error', reject);
        // In two parts, so that it goes without a content-length.
        sent.write(BODY.slice(0, 5));
        sent.end(BODY.slice(5));
      });
    const statuses = await Promise.all(Array.from({ length: many }, post));
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it('logs a connection that breaks at level debug, and prints nothing past the log', async () => {
    const printed = vi.spyOn(console, 'error');
    const arrived = vi.fn(() => new Promise<number>(() => {}));
    const { url } = await start({ accept: arrived });
    const sent = request(`${url}/webhook`, { method: 'POST', headers: HEADERS });
    sent.on('error', () => {}).end(BODY);
    await eventually(() => expect(arrived).toHaveBeenCalled());
    sent.socket?.resetAndDestroy();
    await eventually(() =>
      expect(server?.log.lines).toContainEqual(expect.stringContaining('connection broke')),
    );
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  it('logs no secret, no signature and no body', async () => {
    await start({ accept: async () => Promise.reject(new StoreError('store_full', 'the disk is full')) });
    await post(BODY);
    await post(BODY, { ...HEADERS, 'x-webhook-signature': 'AAAA' });
    const lines = server?.log.lines.join('\n') ?? '';
    expect(lines).toContain('refused');
    for (const hidden of ['c2VjcmV0', HEADERS['x-webhook-signature'], 'AAAA', 'result']) {
      expect(lines).not.toContain(hidden);
    }
  });
});
