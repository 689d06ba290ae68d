import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentedSignature } from '../support/listener.js';
import { type Answer, handlerOf, many, until } from './handler.js';
import { destinationAt, SECRET, Setup } from './setup.js';

let setup: Setup;
const handler = (answer?: Answer) => handlerOf(setup, answer);

beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

const fails =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end('no');

describe('deliveries that are due', () => {
  it('are sent once each, signed, and recorded with the attempt', async () => {
    const { url, arrived } = await handler((response) => response.end('{"message":"Webhook received"}'));
    const [id] = await setup.add(...many(100, 'billing'));
    setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('delivered')) === 100);
    expect(arrived).toHaveLength(100);
    expect(new Set(arrived.map((each) => each.id)).size).toBe(100);
    for (const { body, signature } of arrived) expect(signature).toBe(documentedSignature(body, SECRET));
    expect((await setup.delivery(id)).attemptRows).toEqual([
      {
        startedAt: setup.time,
        duration: expect.any(Number),
        status: 200,
        error: null,
        fault: null,
        response: '{"message":"Webhook received"}',
        mode: 'live',
        share: 100,
      },
    ]);
  });

  it('go to their own destinations alone', async () => {
    const [a, b] = [await handler(), await handler()];
    await setup.add({ id: 'both', to: ['a', 'b'] }, { id: 'a-alone', to: ['a'] });
    setup.dispatch(destinationAt(a.url, { name: 'a' }), destinationAt(b.url, { name: 'b' }));
    await until(async () => (await setup.count('delivered')) === 3);
    expect(a.arrived.map(({ id }) => id).sort()).toEqual(['a-alone', 'both']);
    expect(b.arrived.map(({ id }) => id)).toEqual(['both']);
  });

  it('are found whether anyone gave a hint or not', async () => {
    const { url, arrived } = await handler();
    const dispatcher = setup.dispatch(destinationAt(url));
    await setup.add({ id: 'first', to: ['billing'] });
    await until(() => arrived.length === 1);
    await setup.add({ id: 'second', to: ['billing'] });
    dispatcher.wake('billing');
    await until(async () => (await setup.count('delivered')) === 2);
  });

  it('are sent at most as many at once as the destination allows', async () => {
    let most = 0;
    const held: ServerResponse[] = [];
    const { url } = await handler((response) => {
      most = Math.max(most, held.push(response));
      if (held.length < 3) return;
      // A fourth would be here by then.
      setImmediate(() =>
        setImmediate(() => {
          for (const each of held.splice(0)) each.end();
        }),
      );
    });
    await setup.add(...many(60, 'billing'));
    setup.dispatch(destinationAt(url, { concurrency: 3 }));
    await until(async () => (await setup.count('delivered')) === 60);
    expect(most).toBe(3);
  });

  it('of one destination do not wait for another that is slow', async () => {
    const slow = await handler(() => {});
    const quick = await handler();
    await setup.add(...many(50, 'slow'), ...many(50, 'quick'));
    setup.dispatch(destinationAt(slow.url, { name: 'slow' }), destinationAt(quick.url, { name: 'quick' }));
    await until(async () => (await setup.count('delivered')) === 50);
    expect(quick.arrived).toHaveLength(50);
    expect(slow.arrived).toHaveLength(4);
  });
});

describe('a delivery that fails', () => {
  it('is tried again on its schedule, and no sooner', async () => {
    const { url, arrived } = await handler(fails(503));
    const [id] = await setup.add({ id: 'event', to: ['billing'] });
    setup.dispatch(destinationAt(url));
    for (const [index, wait] of [5_000, 60_000, 60_000].entries()) {
      await until(async () => (await setup.delivery(id)).attempts === index + 1);
      const due = await setup.delivery(id);
      expect(due).toMatchObject({ status: 'pending', dueAt: setup.time + wait });
      // A poll or two before it is due finds nothing.
      setup.time += wait - 1;
      await setup.add({ id: `canary-${index}`, to: ['billing'] });
      await until(() => arrived.some((each) => each.id === `canary-${index}`));
      expect(arrived.filter((each) => each.id === 'event')).toHaveLength(index + 1);
      setup.time += 1;
    }
    await until(async () => (await setup.delivery(id)).status === 'dead');
    const own = arrived.filter((each) => each.id === 'event');
    expect(own.map(({ attempt }) => attempt)).toEqual(['1', '2', '3', '4']);
    expect(new Set(own.map(({ body }) => body)).size).toBe(1);
  });

  it('is a dead letter with a reason once its attempts are used up', async () => {
    const { url } = await handler(fails(503));
    const [id] = await setup.add({ id: 'event', to: ['billing'] });
    setup.dispatch(destinationAt(url, { retry: { attempts: 3, schedule: [0], jitter: 0 } }));
    await until(async () => (await setup.delivery(id)).status === 'dead');
    const dead = await setup.delivery(id);
    expect(setup.attempted).toEqual(['billing: retry', 'billing: retry', 'billing: dead']);
    expect(dead).toMatchObject({
      attempts: 3,
      reason: '3 attempts failed; last: 503 Service Unavailable',
    });
    expect(dead.attemptRows.map(({ status, response }) => [status, response])).toEqual(
      Array(3).fill([503, 'no']),
    );
    expect(setup.log.lines.join('\n')).toContain('dead letter');
  });

  it.each([
    ['120', 120_000],
    ['1', 5_000],
    ['9999999', 86_400_000],
  ])('waits as Retry-After: %s asks, in bounds', async (retryAfter, wait) => {
    const { url } = await handler(fails(429, { 'retry-after': retryAfter }));
    const [id] = await setup.add({ id: 'event', to: ['billing'] });
    setup.dispatch(destinationAt(url));
    await until(async () => (await setup.delivery(id)).attempts === 1);
    expect((await setup.delivery(id)).dueAt).toBe(setup.time + wait);
  });

  it('is recorded with what kept it from being answered, and delivered once that is over', async () => {
    const { url, arrived } = await handler((response, { attempt }) => {
      if (attempt === '1') response.destroy();
      else response.end();
    });
    const [id] = await setup.add({ id: 'event', to: ['billing'] });
    setup.dispatch(destinationAt(url));
    await until(async () => (await setup.delivery(id)).attempts === 1);
    setup.time += 5_000;
    await until(async () => (await setup.delivery(id)).status === 'delivered');
    const { attemptRows } = await setup.delivery(id);
    expect(attemptRows.map(({ status, error }) => [status, error])).toEqual([
      [null, expect.stringMatching(/closed the connection/)],
      [200, null],
    ]);
    expect(arrived).toHaveLength(2);
  });

  it('fails for that reason where it cannot be signed, and holds up no other', async () => {
    const { url } = await handler();
    const [id] = await setup.add({ id: 'unsigned', to: ['billing'] });
    const dispatcher = setup.dispatchWithoutSources(destinationAt(url));
    await until(async () => (await setup.delivery(id)).attempts === 1);
    const [attempt] = (await setup.delivery(id)).attemptRows;
    expect(attempt).toMatchObject({
      status: null,
      error: expect.stringMatching(/^not sent: source "extracta"/),
      fault: 'shim',
    });
    expect(await setup.delivery(id)).toMatchObject({ fault: 'shim' });
    await dispatcher.stop(0);
  });
});

describe('the log', () => {
  it('tells of failures who, what and why, and never headers, bodies, secrets or the query of a URL', async () => {
    const { url } = await handler((response) => response.writeHead(500).end('geheim-answer'));
    await setup.add({ id: 'geheim-body', to: ['billing'] });
    const secret = 'E_AI_K_geheim-secret';
    const standardSecret = `whsec_${Buffer.from('geheim-standard-secret').toString('base64')}`;
    const headers = { authorization: 'Bearer geheim-header' };
    const retry = { attempts: 2, schedule: [0], jitter: 0 };
    setup.dispatch(destinationAt(`${url}/?token=geheim-query`, { secret, standardSecret, headers, retry }));
    await until(async () => (await setup.count('dead')) === 1);
    const log = setup.log.lines.join('\n');
    expect(log).toMatch(/"destination":"billing","attempt":1,"status":500/);
    expect(log).toMatch(/2 attempts failed; last: 500 Internal Server Error/);
    expect(log).not.toMatch(/geheim|whsec_|E_AI_K_/);
  });
});
