import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startDispatcher } from '../../../src/delivery/dispatcher.js';
import type { ClaimedDelivery } from '../../../src/model.js';
import type { Store } from '../../../src/store/store.js';
import { destinationAt, source } from '../../delivery/setup.js';
import { eventually, startHandler } from '../../support/handler.js';
import { memoryLog } from '../../support/http.js';
import { holdLocks } from '../../support/postgres.js';
import {
  accept,
  claim,
  claimWebhooks,
  converted,
  dead,
  delivered,
  event,
  HOUR,
  LEASE,
  only,
  putOne,
  retry,
  T0,
} from '../samples.js';
import { storesOnOneDatabase } from './two-stores.js';

const twoStores = storesOnOneDatabase();

/** The line of a delivery is its event's name. */
async function keyAll(store: Store, destination = 'billing'): Promise<void> {
  const unkeyed = await store.listUnkeyed({ destination, limit: 1_000 });
  const deliveries = unkeyed.map(({ id, event }) => ({ deliveryId: id, keys: [event] }));
  await store.keyDeliveries({ destination, by: 'file', deliveries });
}

const numberOf = ({ webhook }: Pick<ClaimedDelivery, 'webhook'>): number => webhook.id;

it('lets one probe through where two instances claim at the same moment, again and again', async () => {
  const [one, other] = await twoStores();
  await accept(one, [event({ destinations: Array<string>(40).fill('billing') })]);
  for (let round = 0; round < 20; round += 1) {
    const now = T0 + round * LEASE;
    await one.openBreaker({ destination: 'billing', until: now, reason: 'down' });
    const claims = await Promise.all([one, other, one, other].map((store) => claim(store, now)));
    const probe = only(claims.flat());
    expect(probe.probe).toBe(true);
    await other.settle([retry(probe, now)]);
  }
});

it('keeps a rate exactly where two instances claim at the same moment', async () => {
  const [one, other] = await twoStores();
  await accept(one, [event({ destinations: Array<string>(400).fill('billing') })]);
  const request = { destination: 'billing', limit: 50, lease: LEASE, rate: { count: 100, per: 1_000 } };
  let total = 0;
  for (let now = T0; now <= T0 + 3_000; now += 100) {
    const claims = await Promise.all(
      [one, other, other, one].map((store) => store.claimDeliveries({ ...request, now })),
    );
    total += claims.flat().length;
  }
  // What accrues in 200 ms and one at first, then the rate.
  expect(total).toBe(21 + 300);
});

it('sends each line one at a time and in order where two instances convert and claim at once', async () => {
  const [one, other] = await twoStores();
  await one.setOrder('billing', 'file');
  const total = 120;
  const sending = new Set<string>();
  const sent: ClaimedDelivery[] = [];
  let stored = 0;

  const receive = async (): Promise<void> => {
    for (; stored < total; stored += 1) await putOne(stored % 2 === 0 ? one : other, { body: `${stored}` });
  };
  const convert = async (store: Store): Promise<void> => {
    while (sent.length < total) {
      const claimed = await claimWebhooks(store, T0, 3);
      await sleep(Math.random() * 6);
      const conversions = claimed.map(({ id, body }) =>
        converted(id, [event({ event: `line ${Number(body) % 4}` })]),
      );
      await store.saveConversions(conversions, T0);
    }
  };
  const send = async (store: Store): Promise<void> => {
    while (sent.length < total) {
      await keyAll(store);
      const claimed = await claim(store, T0, 'billing', 3);
      for (const delivery of claimed) {
        expect(sending).not.toContain(delivery.event);
        sending.add(delivery.event);
        sent.push(delivery);
      }
      await sleep(Math.random() * 3);
      for (const delivery of claimed) sending.delete(delivery.event);
      await store.settle(claimed.map((each) => delivered(each)));
    }
  };
  await Promise.all([receive(), ...[one, other].flatMap((store) => [convert(store), send(store)])]);
  for (let line = 0; line < 4; line += 1) {
    const numbers = sent.filter((each) => each.event === `line ${line}`).map(numberOf);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers).toHaveLength(total / 4);
  }
});

it('goes by the order in which webhooks were stored, not by their days', async () => {
  const [one, other] = await twoStores();
  await one.setOrder('billing', 'file');
  const today = await putOne(one, { receivedAt: T0 + 24 * HOUR });
  // Of an instance whose clock is behind.
  const yesterday = await putOne(other, { receivedAt: T0 });
  const line = () => [event({ event: 'a' })];
  await other.saveConversions([converted(yesterday, line())], T0);
  await keyAll(other);
  expect(await claim(one, T0 + 48 * HOUR)).toEqual([]);
  await one.saveConversions([converted(today, line())], T0);
  await keyAll(one);
  expect(numberOf(only(await claim(other, T0 + 48 * HOUR)))).toBe(today);
});

it('loses nothing where a destination is put in order while others convert and claim', async () => {
  const [one, other] = await twoStores();
  for (let round = 0; round < 10; round += 1) {
    const destination = `handler ${round}`;
    const line = () => event({ event: 'line', destinations: [destination] });
    await accept(one, [line(), line(), line()]);
    const both = [one, other];
    const results = await Promise.all([
      one.setOrder(destination, 'file'),
      other.setOrder(destination, 'file'),
      ...both.map((store) => accept(store, [line(), line()])),
    ]);
    expect(results.slice(0, 2).toSorted()).toEqual([false, true]);
    await Promise.all(both.map((store) => keyAll(store, destination)));
    for (let count = 0; count < 7; count += 1) {
      const claims = await Promise.all(both.map((store) => claim(store, T0, destination)));
      await other.settle([delivered(only(claims.flat()))]);
    }
    expect(await claim(one, T0, destination)).toEqual([]);
  }
});

it('puts in line what another instance is just about to write when a destination is put in order', async () => {
  const [one, other, url] = await twoStores();
  // A day that is there already, so that its making is not waited for.
  await accept(one, [event({ destinations: [] })]);
  const lock = await holdLocks(url, 'LOCK TABLE sightings IN SHARE MODE');
  // Its delivery is written, its file is not: so it is not committed.
  const writing = accept(one, [event()]);
  await lock.waitedFor(1);
  const ordering = other.setOrder('billing', 'file');
  await lock.waitedFor(2);
  await lock.release();
  expect(await ordering).toBe(true);
  await writing;
  expect(await claim(one)).toEqual([]);
  await keyAll(other);
  expect(await claim(one)).toHaveLength(1);
});

it('sends again what is replayed while retention removes it, or finds it gone', async () => {
  const [one, other, url] = await twoStores();
  const saved = await accept(one, [event()]);
  await one.settle([delivered(only(await claim(one)))]);
  const lock = await holdLocks(url, 'LOCK TABLE attempts IN SHARE MODE');
  // It has found out what is over, and is amid its removal.
  const pruning = one.prune({ before: T0 + HOUR, after: 0, limit: 100 });
  await lock.waitedFor(1);
  const replay = {
    destination: 'billing',
    mode: 'live',
    unlessDelivered: false,
    oncePerWebhook: false,
  } as const;
  const adding = other.addDeliveries([{ ...replay, eventId: only(saved.events).id }], T0);
  await lock.waitedFor(2);
  await lock.release();
  const { removed } = await pruning;
  expect(only(await adding)).toEqual({ outcome: 'no_event' });
  expect(removed).toBe(1);
  expect(await one.listBacklogs(10)).toEqual([]);
});

it('leaves no line blocked by what is moved away while it gets its keys', async () => {
  const [one, other] = await twoStores();
  await one.setOrder('billing', 'file');
  await one.setOrder('next', 'file');
  for (let round = 0; round < 10; round += 1) {
    await accept(one, [event({ event: 'line' })]);
    const move = {
      destination: 'billing',
      to: 'next',
      mode: 'live',
      oncePerWebhook: false,
      now: T0,
      limit: 1,
    } as const;
    await Promise.all([keyAll(one), other.moveBacklog(move)]);
    await accept(one, [event({ event: 'line' })]);
    for (const destination of ['billing', 'next']) {
      await keyAll(other, destination);
      const claimed = only(await claim(one, T0, destination));
      await one.settle([round % 2 === 0 ? delivered(claimed) : dead(claimed)]);
    }
  }
  expect(await one.listBacklogs(10)).toEqual([]);
});

it('hands a backlog over once where two people do it, and gives all of it up while others claim', async () => {
  const [one, other] = await twoStores();
  const two = () => [event({ destinations: ['old'] }), event({ destinations: ['old'] })];
  for (let count = 0; count < 10; count += 1) await accept(one, two());
  const move = {
    destination: 'old',
    to: 'billing',
    mode: 'live',
    oncePerWebhook: true,
    now: T0,
    limit: 7,
  } as const;
  const steps = await Promise.all([one, other, one, other].map((store) => store.moveBacklog(move)));
  expect(steps.reduce((sum, { moved }) => sum + moved, 0)).toBe(10);
  expect(steps.reduce((sum, { spared }) => sum + spared, 0)).toBe(10);
  const discard = { destination: 'billing', reason: 'no', now: T0, limit: 100 };
  const [gone, claimed] = await Promise.all([one.discardBacklog(discard), claim(other, T0, 'billing', 4)]);
  expect(gone + claimed.length).toBe(10);
  expect(await claim(one, T0)).toEqual([]);
});

it('holds what other instances send by a breaker that any of them opened', async () => {
  const [one, other] = await twoStores();
  await accept(one, [event()]);
  const until = T0 + 1_000;
  await Promise.all(
    [one, other].map((store) => store.openBreaker({ destination: 'billing', until, reason: 'down' })),
  );
  expect(await Promise.all([one, other].map((store) => claim(store, until - 1)))).toEqual([[], []]);
  const closed = await Promise.all([one, other].map((store) => store.closeBreaker('billing')));
  expect(closed.toSorted()).toEqual([false, true]);
  expect(await claim(other, T0)).toHaveLength(1);
});

it('stops what another instance sends within two seconds of a pause', async () => {
  const [one, other] = await twoStores();
  const handler = await startHandler();
  const destination = destinationAt(handler.url, { rate: { count: 50, per: 1_000 } });
  const dispatcher = startDispatcher({
    config: { sources: [source], destinations: [destination] },
    store: one,
    log: memoryLog(),
    meets: async () => true,
    attempts: () => () => {},
    now: Date.now,
    random: Math.random,
    pollInterval: 200,
  });
  onTestFinished(() => dispatcher.stop(0));
  const now = Date.now();
  const body = JSON.stringify({ result: '[{"extractionId":"x"}]' });
  await accept(one, [event({ destinations: Array<string>(300).fill('billing') })], {
    now,
    webhook: { body },
  });
  await eventually(() => expect(handler.received.length).toBeGreaterThan(5));
  await other.pauseDestination({ destination: 'billing', reason: 'operator', note: null, now: Date.now() });
  await sleep(2_000);
  const before = handler.received.length;
  expect(before).toBeLessThan(200);
  await sleep(500);
  expect(handler.received).toHaveLength(before);
  await other.resumeDestination('billing', Date.now());
  await eventually(() => expect(handler.received.length).toBeGreaterThan(before + 5));
});
