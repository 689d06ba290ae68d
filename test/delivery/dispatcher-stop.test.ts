import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLatch } from '../support/latch.js';
import { type Answer, handlerOf, holdAhead, many, until } from './handler.js';
import { destinationAt, Setup } from './setup.js';

let setup: Setup;
const handler = (answer?: Answer) => handlerOf(setup, answer);

beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

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

  it('hands back as soon what a destination that was changed is still sending', async () => {
    const { url, arrived } = await handler(() => {});
    await setup.add(...many(10, 'billing'));
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 4);
    dispatcher.configure(setup.configOf(destinationAt(url, { concurrency: 2 })));
    await dispatcher.stop(20);
    expect(await setup.count('pending')).toBe(10);
    expect(arrived).toHaveLength(4);
  });

  it('hands back what it holds ahead', async () => {
    const { finish, dispatcher, arrived } = await holdAhead(setup);
    const stopped = dispatcher.stop(10_000);
    finish();
    await stopped;
    expect([await setup.count('delivered'), await setup.count('pending')]).toEqual([11, 39]);
    expect(arrived).toHaveLength(11);
  });

  it('hands back what a claim under way still brings', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(3, 'billing'));
    const { opened, open } = createLatch();
    setup.claimGate = opened;
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('sending')) === 3);
    const stopped = dispatcher.stop(10_000);
    // Turns in which all that does not wait for the claim is over.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    open();
    await stopped;
    expect(await setup.count('pending')).toBe(3);
    expect(arrived).toEqual([]);
  });

  it('does not wait for a claim that never returns', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(3, 'billing'));
    const { opened, open } = createLatch();
    setup.claimGate = opened;
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(async () => (await setup.count('sending')) === 3);
    await dispatcher.stop(20);
    open();
    await new Promise(setImmediate);
    expect(arrived).toEqual([]);
  });

  it('has written first that the destination is gone, where its last answer says so', async () => {
    const { url, arrived } = await handler((response) => held.push(response));
    const held: ServerResponse[] = [];
    await setup.add({ id: 'event', to: ['billing'] });
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 1);
    const stopped = dispatcher.stop(10_000);
    setup.broken.add('pauseDestination');
    held[0]?.writeHead(410).end();
    // A few pauses, in which all that does not wait for this is over.
    await until(() => setup.failures > 2);
    setup.broken.clear();
    await stopped;
    expect(await setup.store.destinationStates()).toMatchObject([{ paused: { reason: '410' } }]);
  });

  it('tells the store nothing more of the destination, once it has waited long enough for it', async () => {
    const { url, arrived } = await handler((response) => response.writeHead(410).end());
    await setup.add({ id: 'event', to: ['billing'] });
    let told = 0;
    let fail = (): void => {};
    setup.store.pauseDestination = () => {
      told++;
      return new Promise((_, reject) => {
        fail = () => reject(new Error('the store does not work'));
      });
    };
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(() => arrived.length === 1 && told === 1);
    await dispatcher.stop(20);
    fail();
    // It would be told again within 5 ms: another one meanwhile looks ten times, each after as long.
    setup.dispatch(destinationAt(url, { name: 'another' }));
    await until(() => setup.claims > 20);
    expect(told).toBe(1);
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

  it('tells once of what such a store did not take, also where the destination was ending already', async () => {
    const { url, arrived } = await handler();
    await setup.add(...many(10, 'billing'));
    setup.broken.add('settle');
    const dispatcher = setup.dispatch(destinationAt(url));
    await until(() => arrived.length >= 4);
    dispatcher.configure(setup.configOf());
    await dispatcher.stop(20);
    expect(setup.log.lines.filter((line) => line.includes('outcomes not recorded'))).toHaveLength(1);
  });
});
