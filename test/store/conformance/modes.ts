import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  delivered,
  event,
  failure,
  HOUR,
  ids,
  LEASE,
  missed,
  only,
  released,
  retry,
  routeTo,
  T0,
} from '../samples.js';

export function modeRules(given: Given): void {
  describe('modes and shares', () => {
    it('keeps the mode and the share of each route', async () => {
      const routes = [routeTo('billing', { share: 12.5 }), routeTo('archive', { mode: 'shadow' })];
      await accept(given.store, [event({ destinations: routes })]);
      const rows = await given.store.listDeliveries({ limit: 10 });
      expect(rows).toMatchObject([
        { destination: 'archive', mode: 'shadow', share: 100 },
        { destination: 'billing', mode: 'live', share: 12.5 },
      ]);
    });

    it('records the miss of a shadow, for good, apart from the dead letters', async () => {
      const route = routeTo('billing', { mode: 'shadow', share: 12.5 });
      await accept(given.store, [event({ destinations: [route] })]);
      const claimed = only(await claim(given.store));
      expect(claimed).toMatchObject({ mode: 'shadow', share: 12.5 });
      expect(await given.store.settle([missed(claimed), missed(claimed)])).toEqual([true, false]);
      const store = await given.reopen();
      expect(await store.getDelivery(claimed.id)).toMatchObject({
        mode: 'shadow',
        share: 12.5,
        status: 'missed',
        attempts: 1,
        dueAt: null,
        endedAt: T0 + 35,
        reason: null,
        lastStatus: 500,
        lastError: 'answered 500',
        attemptRows: [failure({ mode: 'shadow' })],
      });
      expect(await claim(store, T0 + HOUR)).toEqual([]);
      expect(ids(await store.listDeliveries({ limit: 10, status: 'missed' }))).toEqual([claimed.id]);
      expect(await store.listDeliveries({ limit: 10, status: 'dead' })).toEqual([]);
      expect(only(await store.listEvents({ limit: 10 })).deliveries).toMatchObject({ missed: 1, dead: 0 });
    });

    it('keeps for each attempt the mode and the share that sent it', async () => {
      await accept(given.store, [event({ destinations: [routeTo('billing', { share: 99.9 })] })]);
      const first = only(await claim(given.store));
      await given.store.settle([retry(first, T0, { share: 99.9 })]);
      const second = only(await claim(given.store));
      await given.store.settle([delivered(second, { mode: 'shadow', share: 99.9 })]);
      expect((await given.store.getDelivery(first.id))?.attemptRows).toMatchObject([
        { mode: 'live', share: 99.9 },
        { mode: 'shadow', share: 99.9 },
      ]);
    });
  });

  describe('a line of what waits', () => {
    it('is in the order in which it was made, what was tried before as well, at once', async () => {
      for (const now of [T0, T0 + 1, T0 + 2, T0 + 3]) await accept(given.store, [event()], { now });
      const [tried, lost, ...others] = await claim(given.store, T0 + 4, 'billing', 3);
      if (!tried || !lost) throw new Error('three were expected');
      await given.store.settle([
        retry(tried, T0 + HOUR),
        retry(lost, T0 + 5),
        ...others.map((one) => released(one)),
      ]);
      await claim(given.store, T0 + 5, 'billing', 3);
      await given.store.releaseExpired(T0 + 5 + LEASE);
      expect(await given.store.lineUp('billing', T0 + 5)).toBe(2);
      expect(await given.store.lineUp('billing', T0 + 5)).toBe(0);
      const claimed = await claim(given.store, T0 + 6);
      expect(claimed.map(({ receivedAt }) => receivedAt)).toEqual([T0, T0 + 1, T0 + 2, T0 + 3]);
      expect(claimed[0]).toMatchObject({ id: tried.id, attempts: 1 });
    });

    it('is due where the clock was ahead when it was made, once the destination is resumed', async () => {
      const ahead = T0 + 9_600 * HOUR;
      await accept(given.store, [event()], { now: ahead });
      const tried = only(await claim(given.store, ahead));
      await given.store.settle([retry(tried, ahead + HOUR)]);
      await accept(given.store, [event()], { now: ahead });
      await accept(given.store);
      const third = only(await claim(given.store));
      await given.store.settle([retry(third, T0)]);
      await given.store.resumeDestination('billing', T0 + 1);
      const claimed = await claim(given.store, T0 + 1);
      expect(new Set(ids(claimed))).toEqual(new Set([tried.id, tried.id + 1, third.id]));
    });

    it('leaves other destinations and what has ended alone, and takes in what a crash left', async () => {
      await accept(given.store, [event({ destinations: ['other'] })]);
      const other = only(await claim(given.store, T0, 'other'));
      await given.store.settle([retry(other, T0 + HOUR)]);
      await accept(given.store);
      await given.store.settle([delivered(only(await claim(given.store)))]);
      await accept(given.store);
      await given.store.settle([retry(only(await claim(given.store)), T0 + 5)]);
      const crashed = only(await claim(given.store, T0 + 5));
      await accept(given.store, [event()], { now: T0 + 1 });
      expect(await given.store.lineUp('billing', T0 + 5)).toBe(1);
      await given.store.releaseExpired(T0 + 5 + LEASE);
      expect(ids(await claim(given.store, T0 + 5 + LEASE))[0]).toBe(crashed.id);
      expect(await claim(given.store, T0 + 5 + LEASE, 'other')).toEqual([]);
    });
  });
}
