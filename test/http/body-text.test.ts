import { expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../src/http/answers.js';
import { readBodyText } from '../../src/http/body-text.js';
import { serveHttp } from '../../src/http/server.js';
import { eventually } from '../support/handler.js';
import { memoryLog } from '../support/http.js';
import { createLatch } from '../support/latch.js';

const MB = 1_000_000;

it.each([
  ['of a size that was told', (length: number) => 'x'.repeat(length)],
  ['in chunks', (length: number) => new Blob(['x'.repeat(length)]).stream()],
])(
  'bounds what bodies hold together that came as they are, %s, until they are handled',
  async (_, bodyOf) => {
    let arrived = 0;
    const { opened: handled, open: release } = createLatch();
    const app = createApp(memoryLog()).use(readBodyText(MB, 2 * MB));
    app.use(async (ctx) => {
      if (++arrived <= 2) await handled;
      ctx.body = { length: ctx.request.rawBody?.length };
    });
    const server = await serveHttp(app.callback(), { host: '127.0.0.1', port: 0 });
    onTestFinished(() => server.close(0));
    const post = (length: number): Promise<Response> =>
      fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: bodyOf(length),
        duplex: 'half',
      });
    const held = [post(MB), post(MB)];
    await eventually(() => expect(arrived).toBe(2));

    const refused = await post(MB);
    release();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    for (const answer of await Promise.all(held)) expect(answer.status).toBe(200);
    expect(await (await post(MB)).json()).toEqual({ length: MB });
  },
);
