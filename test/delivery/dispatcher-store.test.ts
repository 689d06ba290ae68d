import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, handlerOf, holdAhead, many, until } from './handler.js';
import { destinationAt, Setup } from './setup.js';

let setup: Setup;
const handler = (answer?: Answer) => handlerOf(setup, answer);

beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

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
    // So that webhooks and deliveries differ in their numbers.
    await setup.add({ id: 'elsewhere', to: ['one', 'another'] });
    const ids = await setup.add(...many(60, 'billing'));
    const poison = ids[7] ?? 0;
    setup.untakable.add(poison);
    setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('delivered')) === 59);
    expect(arrived).toHaveLength(60);

    setup.time += 60_000;
    const lost = (line: string): boolean => line.includes('outcome not recorded');
    await until(() => setup.log.lines.some(lost));
    expect(setup.log.lines.find(lost)).toContain(`{"delivery":${poison},"webhook":${poison - 1},`);
    setup.untakable.clear();
    await until(async () => (await setup.delivery(poison)).status === 'delivered');
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(60);
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
    const [, id] = await setup.add({ id: 'event', to: ['another', 'billing'] });
    setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 1);

    // Meanwhile the lease ends, and another delivers it.
    setup.broken.add('releaseExpired').add('claimDeliveries');
    setup.time += 60_000;
    await setup.store.releaseExpired(setup.time);
    const request = { destination: 'billing', limit: 1, now: setup.time, lease: 60_000 };
    const [theirs] = await setup.store.claimDeliveries(request);
    const answer = { duration: 1, status: 202, error: null, fault: null, response: 'theirs' };
    const attempt = { startedAt: setup.time, ...answer, mode: 'live', share: 100 } as const;
    if (theirs !== undefined) {
      const { fence } = theirs;
      await setup.store.settle([{ deliveryId: theirs.id, fence, outcome: 'delivered', attempt }]);
    }
    held[0]?.end('ours');
    const lost = (line: string): boolean => line.includes('the lease had gone to another');
    await until(() => setup.log.lines.some(lost));
    expect(setup.log.lines.find(lost)).toContain(`{"delivery":${id},"webhook":1}`);
    expect((await setup.delivery(id)).attemptRows).toEqual([attempt]);
  });

  it('is never used up by waiting for a slot: what waits too long is handed back unsent', async () => {
    const { finish, arrived } = await holdAhead(setup);
    expect(setup.released()).toBe(0);
    setup.time += 20_000;
    finish();
    await until(() => setup.released() > 0);
    await until(() => arrived.length === 12);
    expect(arrived.every(({ attempt }) => attempt === '1')).toBe(true);
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(12);
  });
});
