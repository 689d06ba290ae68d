import { describe, expect, it } from 'vitest';
import type { OrderedBy } from '../../../src/model.js';
import type { Store } from '../../../src/store/store.js';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  converted,
  dead,
  delivered,
  event,
  HOUR,
  ids,
  LEASE,
  missed,
  only,
  putOne,
  released,
  retry,
  routeTo,
  T0,
} from '../samples.js';

/** The keys of a delivery are its event's name here, comma by comma. */
const of = (keys: string) => event({ event: keys });

/** Gives keys to what waits for them. */
async function keyAll(store: Store, destination = 'billing', by: OrderedBy = 'file'): Promise<number> {
  const unkeyed = await store.listUnkeyed({ destination, limit: 1_000 });
  const deliveries = unkeyed.map((each) => ({ deliveryId: each.id, keys: each.event.split(',') }));
  return store.keyDeliveries({ destination, by, deliveries });
}

export function orderRules(given: Given): void {
  const setUp = async (...keys: readonly string[]): Promise<readonly number[]> => {
    await given.store.setOrder('billing', 'file');
    for (const [index, key] of keys.entries()) await accept(given.store, [of(key)], { now: T0 + index });
    await keyAll(given.store);
    return ids(await given.store.listDeliveries({ limit: 1_000 })).toReversed();
  };
  const claimIds = async (now = T0 + HOUR) => ids(await claim(given.store, now)).toSorted((a, b) => a - b);
  const claimOne = async (now = T0 + HOUR) => only(await claim(given.store, now));

  describe('deliveries in order', () => {
    it('go out one at a time in each line, whatever their lines, over a restart', async () => {
      const [a1, a2, b1, a3] = await setUp('a', 'a', 'b', 'a');
      const first = await claim(given.store, T0 + HOUR);
      expect(ids(first).toSorted((x, y) => x - y)).toEqual([a1, b1]);
      expect(await claimIds()).toEqual([]);
      await given.store.settle(first.map((one) => delivered(one)));
      const store = await given.reopen();
      const second = only(await claim(store, T0 + HOUR));
      expect(second.id).toBe(a2);
      expect(await claim(store, T0 + HOUR)).toEqual([]);
      await store.settle([delivered(second)]);
      expect(only(await claim(store, T0 + HOUR)).id).toBe(a3);
    });

    it('wait behind one that is to be tried again, until its time', async () => {
      const [a1, a2] = await setUp('a', 'a');
      await given.store.settle([retry(await claimOne(), T0 + 2 * HOUR)]);
      expect(await claimIds(T0 + 2 * HOUR - 1)).toEqual([]);
      const again = await claimOne(T0 + 2 * HOUR);
      expect(again.id).toBe(a1);
      await given.store.settle([delivered(again)]);
      expect((await claimOne(T0 + 2 * HOUR)).id).toBe(a2);
    });

    it('wait while one is being sent, also by an instance that is gone, until its lease has ended', async () => {
      const [a1] = await setUp('a', 'a');
      await claimOne(T0);
      const other = await given.beside();
      expect(await claim(other, T0 + LEASE)).toEqual([]);
      await other.releaseExpired(T0 + LEASE);
      expect(only(await claim(other, T0 + LEASE)).id).toBe(a1);
    });

    it('come again first where they were handed back', async () => {
      const [a1] = await setUp('a', 'a');
      await given.store.settle([released(await claimOne())]);
      expect((await claimOne()).id).toBe(a1);
    });

    it('pass over a dead letter, and the next keeps it', async () => {
      const [a1, a2, a3] = await setUp('a', 'a', 'a', 'b');
      const first = await claim(given.store, T0 + HOUR);
      await given.store.settle(first.filter(({ id }) => id === a1).map((one) => dead(one)));
      const second = only(await claim(given.store, T0 + HOUR));
      expect(second).toMatchObject({ id: a2, afterDead: a1 });
      expect(await given.store.getDelivery(a2 ?? 0)).toMatchObject({ afterDead: a1 });
      await given.store.settle([delivered(second)]);
      expect(await claimOne()).toMatchObject({ id: a3, afterDead: null });
    });

    it('pass over what a shadow missed, and over what was given up', async () => {
      await given.store.setOrder('billing', 'file');
      await accept(given.store, [
        event({ event: 'a', destinations: [routeTo('billing', { mode: 'shadow' })] }),
      ]);
      await accept(given.store, [of('a')]);
      await keyAll(given.store);
      await given.store.settle([missed(await claimOne())]);
      const second = await claimOne();
      expect(second.afterDead).toBeNull();
      await given.store.settle([delivered(second)]);
      await accept(given.store, [of('a')]);
      await keyAll(given.store);
      await given.store.discardBacklog({ destination: 'billing', reason: 'no', now: T0, limit: 5 });
      await accept(given.store, [of('a')]);
      await keyAll(given.store);
      expect(await claimIds()).toHaveLength(1);
    });

    it('wait in each of their lines', async () => {
      const [ab, a2, bc, c2, d1] = await setUp('a,b', 'a', 'b,c', 'c', 'd');
      const first = await claim(given.store, T0 + HOUR);
      expect(ids(first).toSorted((x, y) => x - y)).toEqual([ab, d1]);
      await given.store.settle(first.map((one) => delivered(one)));
      const second = await claim(given.store, T0 + HOUR);
      expect(ids(second).toSorted((x, y) => x - y)).toEqual([a2, bc]);
      await given.store.settle(second.map((one) => delivered(one)));
      expect((await claimOne()).id).toBe(c2);
    });

    it('follow the order of their webhooks, not that in which these were converted', async () => {
      await given.store.setOrder('billing', 'file');
      const [first, second] = [await putOne(given.store), await putOne(given.store)];
      await given.store.saveConversions([converted(second, [of('a')])], T0);
      await keyAll(given.store);
      // What came before could still turn up in the same line.
      expect(await claimIds()).toEqual([]);
      await given.store.saveConversions([converted(first, [of('a')])], T0 + 5);
      await keyAll(given.store);
      expect((await claimOne()).webhook.id).toBe(first);
    });

    it('wait for those before them to have their keys, and for their own', async () => {
      await given.store.setOrder('billing', 'file');
      await accept(given.store, [of('a')]);
      await accept(given.store, [of('b')]);
      const [first, second] = await given.store.listUnkeyed({ destination: 'billing', limit: 9 });
      if (!first || !second) throw new Error('two were expected');
      expect(first).toMatchObject({ event: 'a', whole: true, webhook: { source: 'extracta' } });
      const key = (deliveryId: number, ...keys: string[]) =>
        given.store.keyDeliveries({
          destination: 'billing',
          by: 'file',
          deliveries: [{ deliveryId, keys }],
        });
      expect(await claimIds()).toEqual([]);
      expect(await key(second.id, 'b')).toBe(1);
      expect(await key(second.id, 'c')).toBe(0);
      expect(await claimIds()).toEqual([]);
      await key(first.id, 'a');
      expect(await claimIds()).toEqual([first.id, second.id]);
    });

    it('go by the order of a webhook in its own events', async () => {
      await given.store.setOrder('billing', 'file');
      const saved = await accept(given.store, [of('a'), of('a')]);
      await keyAll(given.store);
      expect((await claimOne()).eventId).toBe(saved.events[0]?.id);
    });

    it('are never sent twice at once where an earlier one comes again', async () => {
      const [a1] = await setUp('a', 'a', 'a');
      await given.store.settle([delivered(await claimOne())]);
      const second = await claimOne();
      const eventId = (await given.store.getDelivery(a1 ?? 0))?.eventId ?? 0;
      const replay = { eventId, destination: 'billing', mode: 'live', unlessDelivered: false } as const;
      const [added] = await given.store.addDeliveries([{ ...replay, oncePerWebhook: false }], T0);
      await keyAll(given.store);
      expect(await claimIds()).toEqual([]);
      await given.store.settle([delivered(second)]);
      // Its place is that of its webhook: before what came after that.
      expect(await claimOne()).toMatchObject({ id: added?.outcome === 'added' ? added.id : 0 });
    });

    it('leave other destinations alone', async () => {
      await given.store.setOrder('billing', 'file');
      for (let count = 0; count < 2; count += 1) {
        await accept(given.store, [event({ event: 'a', destinations: ['billing', 'other'] })]);
      }
      expect(await claim(given.store, T0, 'other')).toHaveLength(2);
      expect(await given.store.listUnkeyed({ destination: 'other', limit: 9 })).toEqual([]);
    });

    it('keep within the limit, the rate and the breaker', async () => {
      await setUp('a', 'b', 'c', 'd');
      const request = { destination: 'billing', now: T0 + HOUR, lease: LEASE };
      expect(await given.store.claimDeliveries({ ...request, limit: 1 })).toHaveLength(1);
      const rate = { count: 1, per: HOUR };
      expect(await given.store.claimDeliveries({ ...request, limit: 9, rate })).toHaveLength(1);
      await given.store.openBreaker({ destination: 'billing', until: T0, reason: 'x' });
      expect(await given.store.claimDeliveries({ ...request, limit: 9 })).toMatchObject([{ probe: true }]);
    });

    it('are all found, however many lines wait before them', async () => {
      const lines = Array.from({ length: 1_200 }, (_, index) => `k${index}`);
      await given.store.setOrder('billing', 'file');
      await accept(
        given.store,
        lines.flatMap((key) => [of(key), of(key)]),
      );
      for (let keyed = 1; keyed > 0; ) keyed = await keyAll(given.store);
      const found = new Set<string>();
      for (let round = 0; round < 40; round += 1) {
        for (const one of await claim(given.store, T0 + HOUR)) found.add(one.event);
      }
      expect(found.size).toBe(1_200);
    });

    it('are claimed by two instances without a line going out twice', async () => {
      const keys = Array.from({ length: 60 }, (_, index) => `k${index % 6}`);
      await setUp(...keys);
      const other = await given.beside();
      const sent = new Map<string, number[]>();
      for (let total = 0; total < 60; ) {
        const claims = await Promise.all([claim(given.store, T0 + HOUR), claim(other, T0 + HOUR)]);
        const claimed = claims.flat();
        expect(new Set(claimed.map((one) => one.event)).size).toBe(claimed.length);
        expect(claimed.length).toBeGreaterThan(0);
        for (const one of claimed) sent.set(one.event, [...(sent.get(one.event) ?? []), one.webhook.id]);
        await given.store.settle(claimed.map((one) => delivered(one)));
        total += claimed.length;
      }
      for (const line of sent.values()) expect(line).toEqual(line.toSorted((a, b) => a - b));
    });
  });

  describe('an order that is set', () => {
    it('takes in what waits, and what is being sent, in the order of arrival', async () => {
      for (const now of [T0, T0 + 1]) await accept(given.store, [of('a')], { now });
      await accept(given.store, [of('b')], { now: T0 + 2 });
      const sending = only(await claim(given.store, T0, 'billing', 1));
      expect(await given.store.setOrder('billing', 'file')).toBe(true);
      expect(await given.store.setOrder('billing', 'file')).toBe(false);
      expect(await claimIds()).toEqual([]);
      expect(await keyAll(given.store)).toBe(3);
      const next = await claimOne();
      expect(next.event).toBe('b');
      await given.store.settle([delivered(sending)]);
      expect((await claimOne()).event).toBe('a');
    });

    it('begins anew where it changes, and takes no keys of the one before', async () => {
      const [first] = await setUp('a', 'a');
      expect(await given.store.setOrder('billing', 'batch')).toBe(true);
      expect(await keyAll(given.store, 'billing', 'file')).toBe(0);
      expect(await claimIds()).toEqual([]);
      expect(await keyAll(given.store, 'billing', 'batch')).toBe(2);
      expect(await claimIds()).toEqual([first]);
    });

    it('ends: all that is due goes out', async () => {
      const all = await setUp('a', 'a', 'a');
      expect(await given.store.setOrder('billing', null)).toBe(true);
      expect(await given.store.setOrder('billing', null)).toBe(false);
      expect(await claimIds()).toEqual(all);
    });

    it('takes in what is moved to the destination', async () => {
      await setUp('a');
      await given.store.settle([delivered(await claimOne())]);
      await accept(given.store, [event({ event: 'a', destinations: ['old'] })]);
      const move = {
        destination: 'old',
        to: 'billing',
        mode: 'live',
        oncePerWebhook: false,
        now: T0,
        limit: 9,
      } as const;
      await given.store.moveBacklog(move);
      expect(await claimIds()).toEqual([]);
      expect(await keyAll(given.store)).toBe(1);
      expect(await claimIds()).toHaveLength(1);
    });

    it('is left behind by what is moved away, and by what retention removes', async () => {
      await setUp('a', 'a');
      const move = {
        destination: 'billing',
        to: 'new',
        mode: 'live',
        oncePerWebhook: false,
        now: T0,
        limit: 1,
      } as const;
      await given.store.moveBacklog(move);
      expect((await claimOne()).event).toBe('a');
      const store = await given.reopen();
      await store.settle((await claim(store, T0 + HOUR, 'new')).map((one) => delivered(one)));
      await store.releaseExpired(T0 + 2 * HOUR);
      const last = only(await claim(store, T0 + 2 * HOUR));
      await store.settle([delivered(last)]);
      await store.prune({ before: T0 + HOUR, after: 0, limit: 100 });
      await accept(store, [of('a')], { now: T0 + 2 * HOUR });
      await keyAll(store);
      expect(only(await claim(store, T0 + 2 * HOUR)).afterDead).toBeNull();
    });
  });
}
