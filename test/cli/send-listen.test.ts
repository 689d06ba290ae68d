import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signBody } from '../../src/formats/request-body.js';
import { documentedSignature } from '../support/listener.js';
import { configText, file, legacy, Place, type Running, SECRET, until } from './support.js';

const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** A receiver that keeps what came. */
async function receiver(answer: (body: string) => number = () => 200) {
  const requests: { readonly body: string; readonly signature: unknown; readonly type: unknown }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    requests.push({
      body,
      signature: request.headers['x-webhook-signature'],
      type: request.headers['content-type'],
    });
    response.writeHead(answer(body)).end('{"message":"said so\\u001b"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, requests };
}

/** `listen`, running. */
async function listener(place: Place, args = '', env = {}): Promise<Running & { readonly url: string }> {
  const running = place.start(`listen --port 0${args}`.split(' '), { env });
  onTestFinished(async () => {
    running.stop();
    await running.done;
  });
  const url = await until(() => /http:\/\/127\.0\.0\.1:\d+\//.exec(running.stdout())?.[0]);
  return { ...running, url };
}

describe('send', () => {
  it.each(['legacy', 'new'])(
    'signs a %s sample as the vendor does, each time another one',
    async (format) => {
      const place = await Place.create();
      const { url, requests } = await receiver();
      const args = `send ${url} --secret ${SECRET} --format ${format} --count 2`;
      const { status, stdout, stderr } = await place.run(args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^[12] {2}200 {2}said so\\u001b {2}\(\d+ ms\)\n[12] {2}200/);
      expect(requests).toHaveLength(2);
      expect(new Set(requests.map(({ body }) => body)).size).toBe(2);
      for (const { body, signature, type } of requests) {
        expect(signature).toBe(documentedSignature(body, SECRET));
        expect(type).toBe('application/json');
        const converted = await place.run('convert --json', { stdin: body });
        expect(JSON.parse(converted.stdout)).toMatchObject({
          outcome: 'converted',
          format,
          events: [{ event: 'extraction.processed' }],
        });
      }
    },
  );

  it('takes the secret from the environment, a .env file or a configuration', async () => {
    const place = await Place.create();
    const { url, requests } = await receiver();
    await place.run(`send ${url}`, { env: { EXTRACTA_WEBHOOK_SECRET: SECRET } });
    await place.run(`send ${url} --config shim.yaml`);
    await place.write('.env', `EXTRACTA_WEBHOOK_SECRET=${SECRET}\n`);
    await place.run(`send ${url}`);
    expect(requests).toHaveLength(3);
    for (const { body, signature } of requests) expect(signature).toBe(documentedSignature(body, SECRET));
  });

  it('sends a whole request body as it is, and puts files into one', async () => {
    const place = await Place.create();
    const { url, requests } = await receiver();
    const whole = '{ "result": "[ 1.00 ]", "more": 1 }';
    const files = '[{"extractionId":"e","batchId":"b","status":"failed","n":1.00}]';
    const send = `send ${url} --secret ${SECRET} --data -`;
    await place.run(send, { stdin: whole });
    await place.run(send, { stdin: files });
    await place.run(`${send} --format new`, { stdin: files });
    expect(requests.map(({ body }) => body)).toEqual([
      whole,
      JSON.stringify({ result: files }),
      `{"event":"extraction.failed","result":${files}}`,
    ]);
    for (const { body, signature } of requests) expect(signature).toBe(documentedSignature(body, SECRET));
  });

  it.each([
    ['no json', '', /the data is no request body: Body is not valid JSON/],
    ['{"foo":1}', '', /Body has no result/],
    [legacy([file()]), ' --format new', /the data is a legacy request body: leave out --format new/],
    [JSON.stringify([file(), file({ status: 'failed' })]), ' --format new', /several events/],
    [JSON.stringify([file({ status: 'archived' })]), ' --format new', /no list of files: .*archived/],
    [new Uint8Array([0x7b, 0xff, 0x7d]), '', /not UTF-8/],
  ])('refuses data that is none with 2', async (stdin, more, message) => {
    const place = await Place.create();
    const { url, requests } = await receiver();
    const { status, stderr } = await place.run(`send ${url} --secret ${SECRET} --data -${more}`, { stdin });
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(requests).toEqual([]);
  });

  it('sums up many, and exits 1 unless every one was taken', async () => {
    const place = await Place.create();
    let asked = 0;
    const { url, requests } = await receiver(() => (++asked % 4 === 0 ? 503 : 200));
    const { status, stdout } = await place.run(`send ${url} --secret ${SECRET} --count 200`);
    expect(status).toBe(1);
    expect(requests).toHaveLength(200);
    expect(stdout).toMatch(/^200 webhooks sent in /);
    expect(stdout).toMatch(/^ {2}150 × 200 /m);
    expect(stdout).toMatch(/^ {2}50 × 503 /m);
  });

  it('says where nothing answers, and exits 1', async () => {
    const place = await Place.create();
    const { status, stdout } = await place.run(`send http://127.0.0.1:1/ --secret ${SECRET}`);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^1 {2}no answer {2}connect ECONNREFUSED 127\.0\.0\.1:1/);
  });
});

describe('listen', () => {
  const post = async (url: string, body: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(url, { method: 'POST', body, headers });
    return { status: response.status, ...((await response.json()) as object) };
  };
  const signed = (body: string) => ({ 'x-webhook-signature': signBody(body, SECRET) });

  it('verifies what arrives, prints it and answers as documented', async () => {
    const place = await Place.create();
    const running = await listener(place, ` --secret ${SECRET}`);
    const body = `{"event":"extraction.processed","result":${JSON.stringify([file({ fileName: 'a\x1b[2J' })])}}`;
    const headers = { ...signed(body), 'webhook-id': 'evt_x', 'x-shim-attempt': '2' };
    expect(await post(`${running.url}any/path`, body, headers)).toEqual({
      status: 200,
      message: 'Webhook received',
    });
    const printed = running.stdout();
    expect(printed).toMatch(/^received +2026-03-01T12:00:00Z POST \/any\/path$/m);
    expect(printed).toMatch(/^event +extraction\.processed$/m);
    expect(printed).toMatch(/^webhook-id +evt_x$/m);
    expect(printed).toMatch(/^attempt +2$/m);
    expect(printed).toMatch(/^file +fil_1 a\\u001b\[2J processed$/m);
    expect(printed).toMatch(/^signature +ok$/m);
    expect(printed).toMatch(/^answered +200$/m);
    expect(printed).not.toContain(SECRET);
  });

  it('answers 401 where the signature is bad or missing', async () => {
    const place = await Place.create();
    const running = await listener(place, '', { EXTRACTA_WEBHOOK_SECRET: SECRET });
    const refused = { status: 401, message: 'Webhook is not properly signed' };
    expect(await post(running.url, legacy([file()]))).toEqual(refused);
    expect(await post(running.url, legacy([file()]), { 'x-webhook-signature': 'AAAA' })).toEqual(refused);
    expect(running.stdout().match(/^signature +BAD: /gm)).toHaveLength(2);
  });

  it('says so where it has no secret to check with', async () => {
    const place = await Place.create();
    const running = await listener(place);
    expect(await post(running.url, legacy([file()]))).toMatchObject({ status: 200 });
    expect(running.stdout()).toMatch(/^signature +not checked \(no secret\)$/m);
  });

  it('checks the Standard Webhooks headers with a whsec_ secret', async () => {
    const place = await Place.create();
    const running = await listener(place, ` --secret ${WHSEC}`);
    const body = legacy([file()]);
    const at = new Date();
    const headers = {
      'webhook-id': 'evt_x',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(WHSEC).sign('evt_x', at, body),
    };
    expect(await post(running.url, body, headers)).toMatchObject({ status: 200 });
    expect(running.stdout()).toMatch(/^webhook-signature +ok$/m);
    expect(await post(running.url, `${body} `, headers)).toMatchObject({ status: 401 });
    expect(await post(running.url, body)).toMatchObject({ status: 401 });
    expect(running.stdout().match(/^webhook-signature +BAD: /gm)).toHaveLength(2);
  });

  it('answers with another status, or refuses the other format, where told to', async () => {
    const place = await Place.create();
    const failing = await listener(place, ` --secret ${SECRET} --status 500`);
    const body = legacy([file()]);
    expect(await post(failing.url, body, signed(body))).toMatchObject({ status: 500 });
    const picky = await listener(place, ` --secret ${SECRET} --format new`);
    expect(await post(picky.url, body, signed(body))).toEqual({
      status: 400,
      message: 'Expected a new webhook, got a legacy one',
    });
  });

  it('answers what is no webhook, and goes on', async () => {
    const place = await Place.create();
    const running = await listener(place);
    expect((await fetch(running.url)).status).toBe(405);
    expect(await post(running.url, 'no json')).toMatchObject({ status: 400 });
    expect(await post(running.url, '{"event":"a.b","result":[1,null]}')).toMatchObject({ status: 200 });
  });

  it('ends with 0 when stopped, and with 1 where the port is taken', async () => {
    const place = await Place.create(configText());
    const running = await listener(place);
    const { port } = new URL(running.url);
    expect(await place.run(`listen --port ${port}`)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`port ${port} on 127.0.0.1 is in use`),
    });
    running.stop();
    expect(await running.done).toMatchObject({ status: 0, stderr: '' });
  });

  it('refuses a whsec_ secret that is none with 2', async () => {
    const place = await Place.create();
    expect((await place.run('listen --port 0 --secret whsec_!')).status).toBe(2);
  });
});
