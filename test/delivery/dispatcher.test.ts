import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dispatcher } from '../../src/delivery/dispatcher.js';
import { documentedSignature } from '../support/listener.js';
import { readBody, startServer, type TestServer } from './servers.js';
import { destinationAt, SECRET, Setup } from './setup.js';

interface Arrived {
  readonly id: unknown;
  readonly attempt: unknown;
  readonly signature: unknown;
  readonly body: string;
}
type Answer = (response: ServerResponse, arrived: Arrived) => void;

let setup: Setup;
const servers: TestServer[] = [];

beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(async () => {
  await setup.end();
  for (const server of servers.splice(0)) await server.close();
});

/** A handler that keeps what arrives and answers as it is told. */
async function handler(
  answer: Answer = (response) => response.end(),
): Promise<{ url: string; arrived: readonly Arrived[] }> {
  const arrived: Arrived[] = [];
  const server = await startServer(async (request: IncomingMessage, response) => {
    const { headers } = request;
    const body = await readBody(request);
    const one = {
      id: headers['webhook-id'],
      attempt: headers['x-shim-attempt'],
      signature: headers['x-webhook-signature'],
      body,
    };
    arrived.push(one);
    answer(response, one);
  });
  servers.push(server);
  return { url: server.url, arrived };
}

const until = (condition: () => boolean | Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 10_000, interval: 5 });
const fails =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end('no');
const many = (count: number, to: string) =>
  Array.from({ length: count }, (_, index) => ({ id: `${to}-${index}`, to: [to] }));

/** A dispatcher with one request under way and deliveries that it holds ahead. @returns the end of that request. */
async function holdAhead(): Promise<{
  finish: () => void;
  dispatcher: Dispatcher;
  arrived: readonly Arrived[];
}> {
  const held: ServerResponse[] = [];
  const { url, arrived } = await handler((response) => held.push(response));
  await setup.add(...many(50, 'billing'));
  const dispatcher = setup.dispatch(destinationAt(url, { concurrency: 1 }));
  // Answers, so that it claims ahead.
  for (let sent = 1; sent <= 10; sent++) {
    await until(() => held.length === sent);
    held[sent - 1]?.end();
  }
  await until(() => held.length === 11);
  await until(async () => (await setup.count('delivered')) === 10);
  await until(async () => (await setup.count('sending')) > 1);
  return { finish: () => held[10]?.end(), dispatcher, arrived };
}

const released = (): number => setup.settled.filter(({ outcome }) => outcome === 'released').length;

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
        response: '{"message":"Webhook received"}',
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
    });
    await dispatcher.stop(0);
  });
});

describe('when it stops', () => {
  it('lets requests finish, hands back the rest, and claims no more', async () => {
    const held: ServerResponse[] = [];
    const { url, arrived } = await handler((response) => held.push(response));
    await setup.add(...many(50, 'billing'));
    const dispatcher = setup.dispatch(destinationAt(url, { concurrency: 4 }));
    await until(() => arrived.length === 4);
    const stopped = dispatcher.stop(10_000);
    for (const response of held) response.end();
    await stopped;
    expect([await setup.count('delivered'), await setup.count('pending')]).toEqual([4, 46]);
    expect(await setup.count('sending')).toBe(0);
    expect(arrived).toHaveLength(4);
  });

  it('hands back what is not answered within the grace time, without an attempt', async () => {
    const { url, arrived } = await handler(() => {});
    const [id] = await setup.add(...many(10, 'billing'));
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 4);
    await dispatcher.stop(20);
    expect(await setup.count('pending')).toBe(10);
    expect((await setup.delivery(id)).attempts).toBe(0);
  });

  it('hands back what it holds ahead', async () => {
    const { finish, dispatcher, arrived } = await holdAhead();
    const stopped = dispatcher.stop(10_000);
    finish();
    await stopped;
    expect([await setup.count('delivered'), await setup.count('pending')]).toEqual([11, 39]);
    expect(arrived).toHaveLength(11);
  });

  it('hands back what a claim under way still brings', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(3, 'billing'));
    let open = (): void => {};
    setup.claimGate = new Promise((resolve) => {
      open = resolve;
    });
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('sending')) === 3);
    const stopped = dispatcher.stop(10_000);
    open();
    await stopped;
    expect(await setup.count('pending')).toBe(3);
    expect(arrived).toEqual([]);
  });

  it('does not wait for a claim that never returns', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(3, 'billing'));
    let open = (): void => {};
    setup.claimGate = new Promise((resolve) => {
      open = resolve;
    });
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('sending')) === 3);
    await dispatcher.stop(20);
    open();
    await new Promise(setImmediate);
    expect(arrived).toEqual([]);
  });

  it('does not wait for a store that does not work', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(10, 'billing'));
    setup.broken.add('settle');
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(() => arrived.length >= 4);
    const begun = performance.now();
    await dispatcher.stop(20);
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(setup.log.lines.join('\n')).toMatch(/outcomes not recorded; these will be sent again/);
  });
});

describe('while the store does not work', () => {
  it('goes on trying to claim, and says so once', async () => {
    const { url } = await handler();
    await setup.add({ id: 'event', to: ['billing'] });
    setup.broken.add('claimDeliveries');
    setup.broken.add('releaseExpired');
    const dispatcher = setup.dispatch(destinationAt(url));
    setup.time += 60_000;
    await until(() => setup.failures >= 5);
    expect(setup.time - dispatcher.lastMoved()).toBeGreaterThanOrEqual(60_000);
    setup.broken.clear();
    await until(async () => (await setup.count('delivered')) === 1);
    expect(dispatcher.lastMoved()).toBe(setup.time);
    const lines = setup.log.lines.filter((line) => line.includes('claiming deliveries'));
    expect(lines).toHaveLength(2);
  });

  it('keeps outcomes until they are taken, and sends no more than it has slots', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(40, 'billing'));
    setup.broken.add('settle');
    setup.dispatch(destinationAt(url, { concurrency: 4 }));
    await until(() => setup.failures >= 5);
    expect(arrived.length).toBeLessThanOrEqual(12);
    setup.broken.clear();
    await until(async () => (await setup.count('delivered')) === 40);
    expect(arrived).toHaveLength(40);
  });
});

describe('an outcome that the store cannot take', () => {
  it('holds up no other, and is given up when its lease has ended: the delivery is sent again', async () => {
    const { url, arrived } = await handler();
    const ids = await setup.add(...many(60, 'billing'));
    const poison = ids[7] ?? 0;
    setup.untakable.add(poison);
    setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('delivered')) === 59);
    expect(arrived).toHaveLength(60);

    setup.time += 60_000;
    await until(() => setup.log.lines.some((line) => line.includes('outcome not recorded')));
    setup.untakable.clear();
    await until(async () => (await setup.delivery(poison)).status === 'delivered');
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(60);
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

describe('a lease', () => {
  it('that ends with a crash makes the delivery due again, with the same webhook-id', async () => {
    const { url, arrived } = await handler();
    await setup.add({ id: 'event', to: ['billing'] });
    setup.broken.add('settle');
    const crashed = setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 1);
    await crashed.stop(0);
    setup.broken.clear();

    setup.dispatch(destinationAt(url));
    expect(await setup.count('delivered')).toBe(0);
    setup.time += 60_000;
    await until(async () => (await setup.count('delivered')) === 1);
    expect(arrived.map(({ id, attempt }) => [id, attempt])).toEqual([
      ['event', '1'],
      ['event', '1'],
    ]);
    expect(arrived[1]?.body).toBe(arrived[0]?.body);
  });

  it('that was lost to another lets the outcome not be recorded twice', async () => {
    const held: ServerResponse[] = [];
    const { url, arrived } = await handler((response) => held.push(response));
    const [id] = await setup.add({ id: 'event', to: ['billing'] });
    setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 1);

    // Meanwhile the lease ends, and another delivers it.
    setup.broken.add('releaseExpired').add('claimDeliveries');
    setup.time += 60_000;
    await setup.store.releaseExpired(setup.time);
    const request = { destination: 'billing', limit: 1, now: setup.time, lease: 60_000 };
    const [theirs] = await setup.store.claimDeliveries(request);
    const attempt = { startedAt: setup.time, duration: 1, status: 202, error: null, response: 'theirs' };
    if (theirs !== undefined) {
      const { fence } = theirs;
      await setup.store.settle([{ deliveryId: theirs.id, fence, outcome: 'delivered', attempt }]);
    }
    held[0]?.end('ours');
    await until(() => setup.log.lines.some((line) => line.includes('the lease had gone to another')));
    expect((await setup.delivery(id)).attemptRows).toEqual([attempt]);
  });

  it('is never used up by waiting for a slot: what waits too long is handed back unsent', async () => {
    const { finish, arrived } = await holdAhead();
    expect(released()).toBe(0);
    setup.time += 20_000;
    finish();
    await until(() => released() > 0);
    await until(() => arrived.length === 12);
    expect(arrived.every(({ attempt }) => attempt === '1')).toBe(true);
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(12);
  });
});
