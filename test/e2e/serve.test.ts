import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { documentedSignature } from '../support/listener.js';
import { legacyBody, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';
import { vectors } from '../support/vectors.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const STANDARD_SECRET = `whsec_${Buffer.from('a standard secret of some length').toString('base64')}`;

const source = { name: 'extracta', path: '/webhook', secrets: [SECRET] };
describe('the service', () => {
  it('stops within its ten seconds also amid a conversion that does not come to an end', async () => {
    // Tries two to the power of sixty ways.
    const when = {
      properties: { result: { items: { properties: { fileId: { pattern: '^([a-z]+)*$' } } } } },
    };
    const config = writeConfig(tempFolder(), {
      sources: [source],
      destinations: [{ name: 'handler', url: 'http://127.0.0.1:1/', when }],
    });
    const service = await startService(config);
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody(`${'a'.repeat(60)}!`), SECRET)).toBe(
      200,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));

    const asked = performance.now();
    expect(await service.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(service.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('delivers every accepted vector as it stands, signed as documented, once', async () => {
    const handler = await startHandler();
    const config = writeConfig(tempFolder(), {
      sources: [
        { ...source, dedupWindow: '0s' },
        { name: 'bare', path: '/bare', secrets: [SECRET.replace('E_AI_K_', '')], dedupWindow: '0s' },
      ],
      destinations: [{ name: 'handler', url: handler.url, standardSecret: STANDARD_SECRET }],
    });
    const service = await startService(config);
    for (const vector of vectors) {
      const path = vector.secret === SECRET ? '/webhook' : '/bare';
      const response = await fetch(service.publicUrl + path, {
        method: 'POST',
        headers: { ...vector.request.headers },
        body: vector.request.body,
      });
      expect([vector.name, response.status]).toEqual([vector.name, vector.expect.status]);
    }
    const expected = vectors.flatMap((vector) => vector.expect.events ?? []);
    await eventually(() => expect(handler.received).toHaveLength(expected.length));

    const sent = handler.received.map(({ body, headers }) => ({
      body,
      signature: headers['x-webhook-signature'],
    }));
    const wanted = expected.map(({ body, signature }) => ({ body, signature }));
    const byBody = (a: { body: string }, b: { body: string }): number => (a.body < b.body ? -1 : 1);
    expect(sent.toSorted(byBody)).toEqual(wanted.toSorted(byBody));
    for (const { body, headers } of handler.received) {
      expect(headers['x-webhook-signature']).toBe(documentedSignature(body, SECRET));
      expect(() =>
        new Webhook(STANDARD_SECRET).verify(body, headers as Record<string, string>),
      ).not.toThrow();
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': expect.stringMatching(/^extracta-webhook-shim\/\d/),
        'webhook-id': expect.stringMatching(/^evt_/),
        'x-shim-attempt': '1',
      });
    }
    expect(await service.stop()).toBe(0);
  });

  it('delivers after SIGKILL what it had answered, with the same webhook-id where it repeats', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const config = writeConfig(folder, {
      sources: [source],
      destinations: [
        {
          name: 'handler',
          url: handler.url,
          retry: { schedule: ['0s', '100ms'], attempts: 20 },
          breaker: { failures: 0 },
        },
      ],
    });
    handler.answers.push(...Array.from({ length: 10 }, () => 503));
    const first = await startService(config);
    const files = Array.from({ length: 20 }, (_, index) => `f${index}`);
    const statuses = await Promise.all(
      files.map((file) => sendSigned(`${first.publicUrl}/webhook`, legacyBody(file), SECRET)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    await first.stop('SIGKILL');

    await startService(config);
    const filesOf = (body: string): string => JSON.parse(body).result[0].fileId as string;
    await eventually(() => {
      const last = new Map(handler.received.map(({ body }) => [filesOf(body), true]));
      expect([...last.keys()].sort()).toEqual(files.toSorted());
    });
    const ids = new Map<string, Set<string | undefined>>();
    for (const { body, headers } of handler.received) {
      ids.set(filesOf(body), (ids.get(filesOf(body)) ?? new Set()).add(headers['webhook-id']));
    }
    expect([...ids.values()].map((set) => set.size)).toEqual(files.map(() => 1));
  });

  it('delivers a webhook that came twice once, in both formats', async () => {
    const handler = await startHandler();
    const config = writeConfig(tempFolder(), {
      sources: [source],
      destinations: [{ name: 'handler', url: handler.url }],
    });
    const service = await startService(config);
    const asLegacy = legacyBody('f');
    const asNew = `{"event":"extraction.processed","result":${(JSON.parse(asLegacy) as { result: string }).result}}`;
    const url = `${service.publicUrl}/webhook`;
    const statuses = await Promise.all(
      [asLegacy, asNew, asLegacy].map((body) => sendSigned(url, body, SECRET)),
    );
    expect(statuses).toEqual([200, 200, 200]);
    await sendSigned(url, legacyBody('last'), SECRET);
    await eventually(() => expect(handler.received.some(({ body }) => body.includes('last'))).toBe(true));
    expect(handler.received).toHaveLength(2);
  });

  it('routes by source, event and content', async () => {
    const [invoices, failures] = [await startHandler(), await startHandler()];
    const contains = { properties: { extractionId: { const: 'invoice' } }, required: ['extractionId'] };
    const config = writeConfig(tempFolder(), {
      sources: [source],
      destinations: [
        { name: 'invoices', url: invoices.url, when: { properties: { result: { contains } } } },
        { name: 'failures', url: failures.url, events: ['extraction.failed'] },
      ],
    });
    const service = await startService(config);
    const file = (extractionId: string, status: string): object => ({
      extractionId,
      batchId: 'b',
      fileId: `${extractionId}-${status}`,
      status,
      result: {},
    });
    const files = [file('invoice', 'processed'), file('invoice', 'failed'), file('receipt', 'failed')];
    for (const one of files) {
      await sendSigned(
        `${service.publicUrl}/webhook`,
        JSON.stringify({ result: JSON.stringify([one]) }),
        SECRET,
      );
    }
    await eventually(() => expect([invoices.received.length, failures.received.length]).toEqual([2, 2]));
  });

  it('is ready when the store takes writes and the loops move', async () => {
    const config = writeConfig(tempFolder(), { sources: [source], destinations: [] });
    const service = await startService(config);
    const response = await fetch(`${service.adminUrl}/readyz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      message: 'ready',
      checks: { store: { ok: true }, convert: { ok: true }, deliver: { ok: true } },
    });
    expect((await fetch(`${service.adminUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${service.adminUrl}/other`)).status).toBe(404);
  });

  it('stops within its time, though a sender and a handler both take longer', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const arrival = once(silent, 'connection');
    const { port } = silent.address() as AddressInfo;
    const service = await startService(
      writeConfig(tempFolder(), {
        sources: [source],
        destinations: [{ name: 'silent', url: `http://127.0.0.1:${port}/`, timeout: '60s' }],
      }),
    );
    const { hostname, port: publicPort } = new URL(service.publicUrl);
    const sender = connect(Number(publicPort), hostname).on('error', () => {});
    sender.write(
      'POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('slow'), SECRET)).toBe(200);
    await arrival;
    const begun = performance.now();
    expect(await service.stop()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(15_000);
    silent.close();
  });

  it('says what is wrong and what to do when it cannot start, with status 1', async () => {
    const folder = tempFolder({
      'not-a-database.db': 'this is text, and long enough to be read as the header of a file',
      file: '',
    });
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const port = (taken.address() as { port: number }).port;
    const common = { sources: [source], destinations: [] };
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ server: { host: '127.0.0.1', port } }, /port \d+ on 127\.0\.0\.1 is in use: stop the program/],
      [{ store: { url: `sqlite:${join(folder, 'not-a-database.db')}` } }, /not a database|corrupt|damaged/i],
      [{ store: { url: `sqlite:${join(folder, 'file', 'shim.db')}` } }, /file/],
    ];
    for (const [more, message] of cases) {
      const config = writeConfig(folder, { ...common, ...more });
      await expect(startService(config)).rejects.toThrow(message);
      await expect(startService(config)).rejects.toThrow(/^serve ended with 1: error: [^\n]+\n$/);
    }
    taken.close();
  });

  it('refuses to serve a store that another one serves', async () => {
    const config = writeConfig(tempFolder(), { sources: [source], destinations: [] });
    await startService(config);
    await expect(startService(config)).rejects.toThrow(/served by another/);
  });

  it('writes no secret into its log, at any level', async () => {
    const handler = await startHandler();
    handler.answers.push(500);
    const config = writeConfig(tempFolder(), {
      log: { level: 'trace' },
      sources: [source],
      destinations: [
        {
          name: 'handler',
          url: `${handler.url}?key=in-the-query`,
          standardSecret: STANDARD_SECRET,
          headers: { authorization: 'Bearer hidden-token' },
        },
      ],
    });
    const service = await startService(config);
    await sendSigned(`${service.publicUrl}/webhook`, legacyBody('f'), SECRET);
    await sendSigned(`${service.publicUrl}/webhook`, legacyBody('f'), 'E_AI_K_wrong');
    await eventually(() =>
      expect(service.log.some((line) => line.level === 'warn' && line.delivery !== undefined)).toBe(true),
    );
    expect(handler.received[0]?.headers.authorization).toBe('Bearer hidden-token');
    const text = JSON.stringify(service.log);
    for (const secret of [
      SECRET,
      SECRET.slice(7),
      STANDARD_SECRET,
      'hidden-token',
      'in-the-query',
      documentedSignature(legacyBody('f'), SECRET),
    ]) {
      expect(text).not.toContain(secret);
    }
  });
});
