import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DestinationConfig } from '../../src/config/config.js';
import { createHolds } from '../../src/delivery/holds.js';
import { createTrouble } from '../../src/delivery/trouble.js';
import { createLatch } from '../support/latch.js';
import { handlerOf, holdAhead, many, until } from './handler.js';
import { destinationAt, Setup } from './setup.js';

let setup: Setup;
beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

const breaker = { failures: 3, window: 60_000, cooldown: 30_000 };
const stateOf = async (name = 'billing') =>
  (await setup.store.destinationStates()).find(({ destination }) => destination === name);
const isOpen = async () => ((await stateOf())?.openUntil ?? 0) > setup.time;
const said = (text: string) => setup.log.lines.filter((line) => line.includes(text)).length;
/** Time for several polls, in which nothing is to happen. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 80));

/** A handler that answers as it is told at each moment, and a destination for it. */
async function fickle(status: number, more: Partial<DestinationConfig> = {}) {
  const now = { status };
  const handler = await handlerOf(setup, (response) => response.writeHead(now.status).end('no'));
  return { now, handler, destination: destinationAt(handler.url, { breaker, concurrency: 1, ...more }) };
}

describe('a destination that is down', () => {
  it('costs no more attempts than it takes to see, and one a cooldown after that', async () => {
    const { handler, destination } = await fickle(503);
    await setup.add(...many(50, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    await aWhile();
    expect(handler.arrived).toHaveLength(3);
    expect((await stateOf())?.openReason).toBe('3 failures in a row; last: 503 Service Unavailable');
    for (const probes of [1, 2]) {
      setup.time += 30_000;
      await until(() => handler.arrived.length === 3 + probes);
      await until(isOpen);
      await aWhile();
      expect(handler.arrived).toHaveLength(3 + probes);
    }
    expect(said('is down: the breaker is open')).toBe(1);
    expect(await setup.count('dead')).toBe(0);
    await until(async () => (await setup.count('sending')) === 0);
  });

  it('says in the log for how long, and when what failed is tried again, as a person reads times', async () => {
    const { destination } = await fickle(503);
    await setup.add(...many(3, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    const times = setup.log.lines.flatMap((line) => line.match(/"(?:dueAt|until)":[^,}]+/g) ?? []);
    expect(times).toHaveLength(4);
    for (const time of times) expect(time).toMatch(/:"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"$/);
  });

  it('gets all of it once a probe was taken', async () => {
    const { now, handler, destination } = await fickle(503);
    await setup.add(...many(20, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    now.status = 200;
    setup.time += 30_000;
    await until(async () => (await setup.count('delivered')) === 20);
    expect(new Set(handler.arrived.map(({ id }) => id)).size).toBe(20);
    expect(await stateOf()).toMatchObject({ openUntil: null, openReason: null });
    expect(said('works again: the breaker is closed')).toBe(1);
  });

  it('stays up, once a probe was taken, whatever becomes of what was sent before it was down', async () => {
    const held: ServerResponse[] = [];
    const { url } = await handlerOf(setup, (response) => held.push(response));
    const fail = (response: ServerResponse | undefined) => response?.writeHead(503).end();
    await setup.add(...many(4, 'billing'));
    setup.dispatch(destinationAt(url, { breaker: { ...breaker, failures: 2 } }));
    await until(() => held.length === 4);
    setup.time += 1_000;
    for (const response of held.slice(2)) fail(response);
    await until(isOpen);
    setup.time += 30_000;
    await until(() => held.length === 5);
    held[4]?.end();
    await until(async () => (await stateOf())?.openUntil === null);
    for (const response of held.slice(0, 2)) fail(response);
    await until(() => setup.attempted.filter((each) => each === 'billing: retry').length === 4);
    expect(said('is down: the breaker is open')).toBe(1);
  });

  it('is up again for a probe that is refused for itself', async () => {
    const { now, destination } = await fickle(503);
    await setup.add(...many(5, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    now.status = 422;
    setup.time += 30_000;
    await until(async () => (await stateOf())?.openUntil === null);
  });

  it('is tried by one of several instances at a time', async () => {
    const { now, handler, destination } = await fickle(503, { concurrency: 4 });
    await setup.add(...many(50, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    await until(async () => (await setup.count('sending')) === 0);
    const before = handler.arrived.length;
    setup.dispatch(destination);
    setup.dispatch(destination);
    setup.time += 30_000;
    await until(() => handler.arrived.length > before);
    await aWhile();
    expect(handler.arrived).toHaveLength(before + 1);
    now.status = 200;
  });

  it('counts nothing against a handler that answers, whatever it says', async () => {
    const { handler, destination } = await fickle(404, { retry: { attempts: 1, schedule: [0], jitter: 0 } });
    await setup.add(...many(30, 'billing'));
    setup.dispatch(destination);
    await until(async () => (await setup.count('dead')) === 30);
    expect(handler.arrived).toHaveLength(30);
    expect(await setup.store.destinationStates()).toEqual([]);
  });

  it('is no fault of its own where the shim cannot sign', async () => {
    const { destination } = await fickle(200, { retry: { attempts: 1, schedule: [0], jitter: 0 } });
    await setup.add(...many(10, 'billing'));
    setup.dispatchWithoutSources(destination);
    await until(async () => (await setup.count('dead')) === 10);
    expect(await setup.store.destinationStates()).toEqual([]);
  });

  it('is tried with the next one where the shim could not sign what it was to be tried with', async () => {
    const { destination } = await fickle(200, { retry: { attempts: 1, schedule: [0], jitter: 0 } });
    await setup.add(...many(3, 'billing'));
    await setup.store.openBreaker({ destination: 'billing', until: setup.time, reason: 'it was down' });
    setup.dispatchWithoutSources(destination);
    await until(async () => (await setup.count('dead')) === 3);
    await until(async () => (await stateOf())?.openUntil === setup.time);
  });

  it('is tried at once by another instance where the one that tried it stops', async () => {
    const { url, arrived } = await handlerOf(setup, () => {});
    await setup.add(...many(3, 'billing'));
    await setup.store.openBreaker({ destination: 'billing', until: setup.time, reason: 'it was down' });
    const dispatcher = setup.dispatch(destinationAt(url, { breaker }));
    await until(() => arrived.length === 1);
    await dispatcher.stop(0);
    setup.dispatch(destinationAt(url, { breaker }));
    await until(() => arrived.length === 2);
  });

  it('has handed back what was claimed ahead of it', async () => {
    const { now, handler, destination } = await fickle(200);
    await setup.add(...many(400, 'billing'));
    setup.dispatch(destination);
    await until(() => handler.arrived.length > 50);
    now.status = 500;
    await until(isOpen);
    await until(async () => (await setup.count('sending')) === 0);
    expect(setup.settled.filter(({ outcome }) => outcome === 'retry').length).toBeLessThan(10);
  });

  it('has handed back what was claimed ahead of it where another instance saw that it is down', async () => {
    const { finish, arrived } = await holdAhead(setup);
    const cooled = setup.time + 30_000;
    await setup.store.openBreaker({ destination: 'billing', until: cooled, reason: 'as another saw' });
    await until(async () => (await setup.count('sending')) === 1);
    finish();
    await until(async () => (await setup.count('delivered')) === 11);
    expect(arrived).toHaveLength(11);
  });

  it('keeps what it is to be tried with until a slot is free for it', async () => {
    const { finish, arrived } = await holdAhead(setup);
    // Until then what it claims ahead does not become less.
    setup.broken.add('claimDeliveries');
    await setup.store.openBreaker({ destination: 'billing', until: setup.time + 1_000, reason: 'elsewhere' });
    await until(async () => (await setup.count('sending')) === 1);
    const released = setup.released();
    setup.time += 1_000;
    setup.broken.clear();
    await until(async () => (await setup.count('sending')) === 2);
    await aWhile();
    expect(setup.released()).toBe(released);
    finish();
    await until(() => arrived.length === 12);
  });

  it('is tried at once where its configuration changes', async () => {
    const { destination } = await fickle(503);
    const other = await handlerOf(setup);
    await setup.add(...many(5, 'billing'));
    const dispatcher = setup.dispatch(destination);
    await until(isOpen);
    dispatcher.configure(setup.configOf({ ...destination, url: other.url }));
    await until(() => other.arrived.length > 0);
    await until(async () => (await stateOf())?.openUntil === null);
  });

  it('is left alone for all of its cooldown, however long that is', async () => {
    const cooldown = 3_600_000;
    const { destination } = await fickle(503, { breaker: { ...breaker, cooldown } });
    await setup.add(...many(5, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    const opened = vi.spyOn(setup.store, 'openBreaker');
    const looks = vi.spyOn(setup.store, 'destinationStates');
    await until(() => looks.mock.calls.length > 3);
    expect(opened).not.toHaveBeenCalled();
    expect((await stateOf())?.openUntil).toBe(setup.time + cooldown);
  });

  it('is tried soon where the clock was set back meanwhile', async () => {
    const { now, destination } = await fickle(503);
    const [id] = await setup.add(...many(3, 'billing'));
    setup.dispatch(destination);
    await until(isOpen);
    await until(async () => (await setup.count('sending')) === 0);
    now.status = 200;
    setup.time -= 3_600_000;
    // What failed is due when the old clock said; what comes now need not wait for that.
    await setup.add({ id: 'new', to: ['billing'] });
    await until(async () => (await setup.count('delivered')) === 1);
    expect((await setup.delivery(id)).status).toBe('pending');
    await until(async () => (await stateOf())?.openUntil === null);
  });

  it('is held by the instance itself while the store cannot be told', async () => {
    const { handler, destination } = await fickle(500);
    setup.broken.add('openBreaker');
    await setup.add(...many(20, 'billing'));
    setup.dispatch(destination);
    await until(() => handler.arrived.length === 3);
    await aWhile();
    expect(handler.arrived).toHaveLength(3);
    setup.broken.clear();
    await until(isOpen);
  });
});

describe('what is written of a destination', () => {
  const answered = (status: number) => ({
    duration: 1,
    status,
    response: '',
    retryAfter: null,
    fault: null,
    ours: false,
  });
  /** @param failures of the store, when it is told that the destination is down */
  const holdsWith = (failures: number, firstBackoff: number, inARow = 1) => {
    let told = 0;
    const holds = createHolds({
      destination: destinationAt('http://127.0.0.1:1', { breaker: { ...breaker, failures: inARow } }),
      store: {
        pauseDestination: (request) => setup.store.pauseDestination(request),
        closeBreaker: (name) => setup.store.closeBreaker(name),
        openBreaker: async (request) => {
          if (++told <= failures) throw new Error('the disk is gone');
          return setup.store.openBreaker(request);
        },
      },
      log: setup.log,
      trouble: createTrouble(setup.log, 'a test'),
      now: () => setup.time,
      firstBackoff,
      onHeld: () => {},
    });
    return { holds, told: () => told };
  };

  it('is written in the order in which it was seen, also where the store fails meanwhile', async () => {
    const { holds, told } = holdsWith(2, 5);
    holds.note({ id: 1, probe: false }, setup.time, answered(503));
    holds.note({ id: 2, probe: true }, setup.time, answered(200));
    await holds.written();
    expect(told()).toBe(3);
    expect(await stateOf()).toMatchObject({ openUntil: null });
  });

  it('is nothing where it fails again and again, but never so often in a row', async () => {
    const { holds, told } = holdsWith(0, 5, 2);
    for (const status of [503, 200, 503, 404, 503])
      holds.note({ id: 1, probe: false }, setup.time, answered(status));
    await holds.written();
    expect(told()).toBe(0);
    holds.note({ id: 1, probe: false }, setup.time, answered(503));
    await holds.written();
    expect(told()).toBe(1);
  });

  it('is given up at once when it is closed', async () => {
    const { holds, told } = holdsWith(Number.POSITIVE_INFINITY, 3_600_000);
    holds.note({ id: 1, probe: false }, setup.time, answered(503));
    await until(() => setup.log.lines.length > 0);
    holds.close();
    // If it were tried again, the test would not come to its end.
    await holds.written();
    expect(told()).toBe(1);
  });
});

describe('a destination that is gone', () => {
  it('is paused, says so, and gets everything once it is resumed', async () => {
    const { now, handler, destination } = await fickle(410, {
      retry: { attempts: 1, schedule: [0], jitter: 0 },
    });
    await setup.add(...many(10, 'billing'));
    const dispatcher = setup.dispatch(destination);
    await until(async () => (await stateOf())?.paused?.reason === '410');
    await aWhile();
    expect(handler.arrived).toHaveLength(1);
    expect(await setup.count('dead')).toBe(0);
    expect(await setup.count('pending')).toBe(10);
    expect(said('answered 410 Gone: the destination is paused')).toBe(1);
    now.status = 200;
    await setup.store.resumeDestination('billing', setup.time);
    dispatcher.wake();
    await until(async () => (await setup.count('delivered')) === 10);
    expect(handler.arrived.slice(0, 2).map(({ attempt }) => attempt)).toEqual(['1', '2']);
    await until(() => said('the destination is resumed') === 1);
  });

  it('gets nothing of a claim that was under way when it said so', async () => {
    const held: ServerResponse[] = [];
    const { url } = await handlerOf(setup, (response) => held.push(response));
    await setup.add({ id: 'first', to: ['billing'] });
    setup.dispatch(destinationAt(url));
    await until(() => held.length === 1);
    // Until then no claim is under way that has brought nothing.
    setup.broken.add('claimDeliveries');
    await until(() => setup.failures > 0);
    const { opened, open } = createLatch();
    setup.claimGate = opened;
    await setup.add(...many(3, 'billing'));
    setup.broken.clear();
    await until(async () => (await setup.count('sending')) === 4);
    held[0]?.writeHead(410).end();
    await until(async () => (await stateOf())?.paused?.reason === '410');
    open();
    await until(async () => (await setup.count('pending')) === 4);
    expect(held).toHaveLength(1);
  });

  it('is said to be paused once, however many answers say it', async () => {
    const held: ServerResponse[] = [];
    const { url } = await handlerOf(setup, (response) => held.push(response));
    await setup.add(...many(2, 'billing'));
    setup.dispatch(destinationAt(url));
    await until(() => held.length === 2);
    for (const response of held) response.writeHead(410).end();
    await until(async () => (await stateOf())?.paused?.reason === '410');
    await until(() => setup.attempted.length === 2);
    await until(async () => (await setup.count('sending')) === 0);
    expect(said('answered 410 Gone')).toBe(1);
  });
});

describe('a shadow', () => {
  it.each([503, 410])('is never held, whatever it answers: it misses each once: %s', async (status) => {
    const { handler, destination } = await fickle(status, { mode: 'shadow' });
    await setup.add(...many(20, 'billing'));
    setup.dispatch(destination);
    await until(async () => (await setup.count('missed')) === 20);
    expect(handler.arrived).toHaveLength(20);
    expect(await setup.store.destinationStates()).toEqual([]);
  });

  it('is let go where it was held before it became one', async () => {
    const { handler, destination } = await fickle(503, { mode: 'shadow' });
    await setup.add(...many(5, 'billing'));
    await setup.store.openBreaker({ destination: 'billing', until: setup.time, reason: 'as a live one' });
    setup.dispatch(destination);
    await until(async () => (await setup.count('missed')) === 5);
    expect(handler.arrived).toHaveLength(5);
  });
});

describe('a pause by a person', () => {
  it('stops what was claimed ahead, and shows in the log', async () => {
    const held: (() => void)[] = [];
    const handler = await handlerOf(setup, (response) => held.push(() => response.end()));
    await setup.add(...many(60, 'billing'));
    setup.dispatch(destinationAt(handler.url, { concurrency: 1 }));
    for (let sent = 1; sent <= 10; sent++) {
      await until(() => held.length === sent);
      held[sent - 1]?.();
    }
    await until(() => held.length === 11);
    await until(async () => (await setup.count('sending')) > 1);
    const pause = { destination: 'billing', reason: 'operator', note: 'they move', now: setup.time } as const;
    await setup.store.pauseDestination(pause);
    await until(async () => (await setup.count('sending')) === 1);
    held[10]?.();
    await until(async () => (await setup.count('delivered')) === 11);
    await aWhile();
    expect(held).toHaveLength(11);
    expect(said('the destination is paused')).toBe(1);
    expect(setup.log.lines.join()).toContain('they move');
  });
});

describe('a rate', () => {
  it('is kept, over instances, whatever the slots', async () => {
    const { url, arrived } = await handlerOf(setup);
    await setup.add(...many(60, 'billing'));
    const destination = destinationAt(url, { rate: { count: 10, per: 1_000 }, concurrency: 16 });
    setup.dispatch(destination);
    setup.dispatch(destination);
    await until(() => arrived.length === 3);
    await aWhile();
    expect(arrived).toHaveLength(3);
    for (let second = 1; second <= 3; second++) {
      for (let step = 0; step < 10; step++) {
        setup.time += 100;
        await until(() => arrived.length === 3 + (second - 1) * 10 + step + 1);
      }
    }
    await aWhile();
    expect(arrived).toHaveLength(33);
  });
});
