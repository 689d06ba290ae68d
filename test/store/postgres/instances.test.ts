import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Hint } from '../../../src/store/rows.js';
import type { Store } from '../../../src/store/store.js';
import {
  accept,
  claim,
  claimWebhooks,
  converted,
  event,
  file,
  HOUR,
  ids,
  only,
  putOne,
  quarantined,
  routeTo,
  T0,
  webhooks,
} from '../samples.js';
import { storesOnOneDatabase } from './two-stores.js';

const twoStores = storesOnOneDatabase();

it.each([
  ['a file', 1],
  ['more files than are locked one by one', 2_000],
])('accepts an event once where two instances save it at the same moment: %s', async (_, size) => {
  const [one, other] = await twoStores();
  for (let round = 0; round < 20; round++) {
    const files = Array.from({ length: size }, (_, index) => file(`f${round}-${index}`));
    const same = event({ files, destinations: [routeTo('billing')] });
    const mine = event({ files: files.slice(0, 1), destinations: [] });
    const [legacy, modern] = [
      await putOne(one, { format: 'legacy' }),
      await putOne(other, { format: 'new' }),
    ];
    const saved = await Promise.all([
      one.saveConversions([converted(legacy, [same], T0 - HOUR)], T0),
      other.saveConversions([converted(modern, size === 1 ? [same] : [same, mine], T0 - HOUR)], T0),
    ]);
    const events = saved.map((conversions) => only(conversions).events[0]);
    expect(events.filter((row) => row?.duplicateOf === null)).toHaveLength(1);
    expect(events.map((row) => row?.deliveries).toSorted()).toEqual([0, 1]);
  }
  expect(await one.listDeliveries({ limit: 1_000 })).toHaveLength(20);
});

it('accepts each of many events once where batches of two instances cross', async () => {
  const [one, other] = await twoStores();
  const events = Array.from({ length: 60 }, (_, index) => event({ files: [file(`f${index}`)] }));
  const stored = await Promise.all([one.putWebhooks(webhooks(60)), other.putWebhooks(webhooks(60))]);
  const saved = await Promise.all(
    [one, other].map((store, index) => {
      const order = index === 0 ? events : events.toReversed();
      return store.saveConversions(
        (stored[index] ?? []).map((id, at) => converted(id, order.slice(at, at + 1), T0 - HOUR)),
        T0,
      );
    }),
  );
  const made = saved.flat().flatMap((conversion) => conversion.events);
  expect(made.filter(({ duplicateOf }) => duplicateOf === null)).toHaveLength(60);
});

it('converts a webhook once where two instances save it at the same moment, out of quarantine as well', async () => {
  const [one, other] = await twoStores();
  for (let round = 0; round < 20; round++) {
    const id = await putOne(one);
    if (round % 2 === 1) await one.saveConversions([quarantined(id)], T0);
    const saved = await Promise.all([one, other].map((store) => store.saveConversions([converted(id)], T0)));
    expect(saved.map((each) => only(each).applied).toSorted()).toEqual([false, true]);
  }
});

it('shares out webhooks and deliveries between instances', async () => {
  const [one, other] = await twoStores();
  const stored = await one.putWebhooks(webhooks(40));
  const claimed = await Promise.all([one, other].map((store) => claimWebhooks(store, T0, 30)));
  expect(ids(claimed.flat()).toSorted()).toEqual([...stored]);
  await one.saveConversions(
    stored.map((id) => converted(id)),
    T0,
  );
  const due = await Promise.all([one, other, one].map((store) => claim(store, T0, 'billing', 30)));
  expect(new Set(ids(due.flat())).size).toBe(40);
  expect(due.flat()).toHaveLength(40);
});

it.each([
  ['ahead', HOUR],
  ['behind', -HOUR],
])('keeps its hands off what another has leased where its clock is %s', async (_, difference) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const [one, other] = await twoStores();
  const now = Date.now();
  const lease = 20_000;
  const asOther = async <T>(later: number, work: (now: number) => Promise<T>): Promise<T> => {
    vi.setSystemTime(now + difference + later);
    try {
      return await work(Date.now());
    } finally {
      vi.setSystemTime(now);
    }
  };
  await accept(one, undefined, { now: Math.min(now, now + difference) });
  const unconverted = await putOne(one);
  const request = { limit: 10, now, lease };
  expect(await one.claimDeliveries({ ...request, destination: 'billing' })).toHaveLength(1);
  expect(ids(await one.claimWebhooks(request))).toEqual([unconverted]);

  expect(await asOther(0, (its) => other.releaseExpired(its))).toBe(0);
  expect(await asOther(0, (its) => other.claimWebhooks({ ...request, now: its }))).toEqual([]);
  // Later, it is free for all.
  expect(await other.releaseExpired(now + 2 * lease)).toBe(1);
  expect(ids(await other.claimWebhooks({ ...request, now: now + 2 * lease }))).toEqual([unconverted]);
});

it('adds a delivery once where two operators replay the same', async () => {
  const [one, other] = await twoStores();
  const { id } = only((await accept(one, [event({ destinations: [] })])).events);
  const wanted = {
    eventId: id,
    destination: 'billing',
    mode: 'live',
    unlessDelivered: false,
    oncePerWebhook: false,
  } as const;
  const added = await Promise.all([one, other].map((store) => store.addDeliveries([wanted], T0)));
  expect(added.map((each) => only(each).outcome).toSorted()).toEqual(['added', 'waiting']);
});

it('sends again in the order given, whatever the days of the events', async () => {
  const [store] = await twoStores();
  const made: number[] = [];
  for (const day of [0, 1, 2]) {
    const at = { now: T0 + day * 24 * HOUR };
    made.push(only((await accept(store, [event({ destinations: [] })], at)).events).id);
  }
  const order = made.toReversed();
  await store.addDeliveries(
    order.map((eventId) => ({
      eventId,
      destination: 'billing',
      mode: 'live',
      unlessDelivered: false,
      oncePerWebhook: false,
    })),
    T0,
  );
  expect((await claim(store)).map(({ eventId }) => eventId)).toEqual(order);
});

it('knows a repeat of a webhook that had waited in quarantine for days', async () => {
  const [store] = await twoStores();
  const files = [file('a')];
  const late = await putOne(store, { receivedAt: T0 });
  await store.saveConversions([quarantined(late)], T0);
  const now = T0 + 5 * 24 * HOUR;
  const first = only(
    only(await store.saveConversions([converted(late, [event({ files })], now - HOUR)], now)).events,
  );
  const again = await accept(store, [event({ files })], { now: now + HOUR });
  expect(only(again.events).duplicateOf).toBe(first.id);
});

it('gives hints to other instances of what there is to do, and none to itself', async () => {
  const [one, other] = await twoStores();
  const heard = new Set<string>();
  const listen = (name: string, store: Store) =>
    store.onHint((hint: Hint) => void heard.add(`${name} ${hint}`));
  listen('one', one);
  listen('other', other);
  // A hint may be lost, as those are that are given before the other one listens. Each webhook is awaited:
  // one still on its way when the test ends would meet a closed store.
  while (heard.size < 2) {
    await accept(one);
    await sleep(50);
  }
  expect(heard).toEqual(new Set(['other webhooks', 'other deliveries']));
});
