import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  dead,
  delivered,
  event,
  failure,
  file,
  HOUR,
  ids,
  LEASE,
  only,
  released,
  retry,
  routeTo,
  T0,
} from '../samples.js';

const statusOf = async (given: Given, id: number) => (await given.store.getDelivery(id))?.status;

export function deliveryRules(given: Given): void {
  describe('claims of deliveries', () => {
    it('waits before the first attempt as the route says', async () => {
      await accept(given.store, [event({ destinations: [routeTo('billing', { delay: 1_000 })] })]);
      expect(await claim(given.store, T0 + 999)).toEqual([]);
      expect(await claim(given.store, T0 + 1_000)).toHaveLength(1);
    });

    it('gives all that is needed to send', async () => {
      const sent = event({
        event: 'extraction.failed',
        plain: false,
        body: '{"b":"\0😀"}',
        files: [file('a')],
      });
      const webhook = {
        body: '{"result":"[1]"}',
        signature: 'sig',
        receivedAt: T0 - 5,
        format: 'new' as const,
      };
      const saved = await accept(given.store, [sent], { webhook });
      expect(only(await claim(given.store))).toEqual({
        id: expect.any(Number),
        fence: expect.any(Number),
        destination: 'billing',
        mode: 'live',
        share: 100,
        whole: true,
        severalEvents: false,
        probe: false,
        afterDead: null,
        attempts: 0,
        receivedAt: T0 - 5,
        eventId: only(saved.events).id,
        event: 'extraction.failed',
        messageId: sent.messageId,
        body: '{"b":"\0😀"}',
        plain: false,
        webhook: {
          id: saved.webhookId,
          source: 'extracta',
          format: 'new',
          body: '{"result":"[1]"}',
          signature: 'sig',
        },
      });
    });

    it('gives those of one destination, the longest due first, no more than asked for', async () => {
      for (const now of [T0 + 3, T0 + 1, T0 + 2]) await accept(given.store, [event()], { now });
      await accept(given.store, [event({ destinations: ['other'] })]);
      const first = await claim(given.store, T0 + 10, 'billing', 2);
      const second = await claim(given.store, T0 + 10, 'billing', 2);
      expect([...first, ...second].map(({ receivedAt }) => receivedAt)).toEqual([T0 + 1, T0 + 2, T0 + 3]);
      expect(await claim(given.store, T0 + 10, 'nobody')).toEqual([]);
      expect(await claim(given.store, T0 + 10, 'other')).toHaveLength(1);
    });

    it('gives none before it is due', async () => {
      await accept(given.store);
      const first = only(await claim(given.store));
      await given.store.settle([retry(first, T0 + HOUR)]);
      expect(await claim(given.store, T0 + HOUR - 1)).toEqual([]);
      expect(ids(await claim(given.store, T0 + HOUR))).toEqual([first.id]);
    });

    it('gives none twice within the lease', async () => {
      for (let index = 0; index < 30; index += 1) await accept(given.store);
      const claims = await Promise.all([1, 2, 3].map(() => claim(given.store, T0, 'billing', 20)));
      const claimed = ids(claims.flat());
      expect(claimed).toHaveLength(30);
      expect(new Set(claimed).size).toBe(30);
      expect(await claim(given.store, T0 + LEASE)).toEqual([]);
    });

    it('shows them as being sent', async () => {
      await accept(given.store);
      const { id } = only(await claim(given.store));
      expect(await statusOf(given, id)).toBe('sending');
    });
  });

  describe('leases', () => {
    it('frees what was not settled in time, with no attempt counted, in its place', async () => {
      await accept(given.store);
      await accept(given.store, [event()], { now: T0 + 1 });
      const lost = only(await claim(given.store, T0));
      expect(await given.store.releaseExpired(T0 + LEASE - 1)).toBe(0);
      expect(await given.store.releaseExpired(T0 + LEASE)).toBe(1);
      expect(await given.store.releaseExpired(T0 + LEASE)).toBe(0);
      const again = await claim(given.store, T0 + LEASE);
      expect(again[0]).toMatchObject({ id: lost.id, attempts: 0 });
      expect(again).toHaveLength(2);
      expect(again[0]?.fence).toBeGreaterThan(lost.fence);
    });

    it('refuses an outcome of a claim that was lost to a later one', async () => {
      await accept(given.store);
      const stale = only(await claim(given.store, T0));
      await given.store.releaseExpired(T0 + LEASE);
      const current = only(await claim(given.store, T0 + LEASE));
      expect(
        await given.store.settle([
          delivered(stale),
          dead(stale),
          retry(stale, T0),
          released(stale),
          delivered(stale, { error: 'odd' }),
        ]),
      ).toEqual([false, false, false, false, false]);
      expect(await given.store.getDelivery(stale.id)).toMatchObject({ status: 'sending', attemptRows: [] });
      expect(await given.store.settle([delivered(current)])).toEqual([true]);
    });

    it('refuses an outcome after the lease was given up, and one for nothing', async () => {
      await accept(given.store);
      const stale = only(await claim(given.store, T0));
      await given.store.releaseExpired(T0 + LEASE);
      expect(await given.store.settle([delivered(stale), delivered({ id: 9999, fence: 1 })])).toEqual([
        false,
        false,
      ]);
      expect(await statusOf(given, stale.id)).toBe('pending');
    });
  });

  describe('outcomes', () => {
    it('records a delivery that arrived, for good', async () => {
      await accept(given.store);
      const claimed = only(await claim(given.store));
      expect(await given.store.settle([delivered(claimed)])).toEqual([true]);
      const store = await given.reopen();
      expect(await store.getDelivery(claimed.id)).toMatchObject({
        status: 'delivered',
        attempts: 1,
        dueAt: null,
        endedAt: T0 + 35,
        reason: null,
        lastStatus: 200,
        lastError: null,
        attemptRows: [
          {
            startedAt: T0 + 10,
            duration: 25,
            status: 200,
            error: null,
            response: '{"message":"Webhook received"}',
            mode: 'live',
            share: 100,
          },
        ],
      });
      expect(await claim(store, T0 + HOUR)).toEqual([]);
      expect(await store.releaseExpired(T0 + HOUR)).toBe(0);
    });

    it('counts attempts up to the dead letter, and keeps each', async () => {
      await accept(given.store);
      const first = only(await claim(given.store, T0));
      await given.store.settle([retry(first, T0 + 1000)]);
      expect(await given.store.getDelivery(first.id)).toMatchObject({
        status: 'pending',
        attempts: 1,
        dueAt: T0 + 1000,
        endedAt: null,
        lastStatus: 500,
        lastError: 'answered 500',
      });
      const second = only(await claim(given.store, T0 + 1000));
      expect(second.attempts).toBe(1);
      await given.store.settle([dead(second, 'used up its 2 attempts')]);
      const store = await given.reopen();
      expect(await store.getDelivery(first.id)).toMatchObject({
        status: 'dead',
        attempts: 2,
        dueAt: null,
        endedAt: T0 + 35,
        reason: 'used up its 2 attempts',
        attemptRows: [failure(), failure()],
      });
      expect(await claim(store, T0 + HOUR)).toEqual([]);
    });

    it('takes one back without an attempt, due at once', async () => {
      await accept(given.store);
      const claimed = only(await claim(given.store));
      expect(await given.store.settle([released(claimed)])).toEqual([true]);
      const again = only(await claim(given.store, T0));
      expect(again).toMatchObject({ id: claimed.id, attempts: 0 });
      expect((await given.store.getDelivery(claimed.id))?.attemptRows).toEqual([]);
    });

    it('takes one back without an attempt, due at the time that is given', async () => {
      await accept(given.store);
      const claimed = only(await claim(given.store));
      expect(await given.store.settle([released(claimed, T0 + HOUR)])).toEqual([true]);
      expect(await given.store.getDelivery(claimed.id)).toMatchObject({
        status: 'pending',
        dueAt: T0 + HOUR,
        attempts: 0,
        attemptRows: [],
      });
      expect(await claim(given.store, T0 + HOUR - 1)).toEqual([]);
      expect(only(await claim(given.store, T0 + HOUR)).id).toBe(claimed.id);
    });

    it('takes a batch of all kinds, each by itself', async () => {
      for (let index = 0; index < 60; index += 1) await accept(given.store);
      const claimed = await claim(given.store);
      const outcomes = claimed.map((one, index) => {
        if (index % 5 === 1) return retry(one, T0 + HOUR);
        if (index % 5 === 2) return dead(one);
        if (index % 5 === 3) return released(one);
        if (index % 5 === 4) return delivered({ ...one, fence: one.fence - 1 });
        return delivered(one);
      });
      expect(await given.store.settle(outcomes)).toEqual(claimed.map((_, index) => index % 5 !== 4));
      const states = await Promise.all(claimed.map(({ id }) => statusOf(given, id)));
      expect(states).toEqual(
        claimed.map((_, index) => ['delivered', 'pending', 'dead', 'pending', 'sending'][index % 5]),
      );
    });

    it('takes the first of two outcomes of one claim', async () => {
      await accept(given.store);
      const claimed = only(await claim(given.store));
      expect(await given.store.settle([delivered(claimed), delivered(claimed)])).toEqual([true, false]);
      expect((await given.store.getDelivery(claimed.id))?.attemptRows).toHaveLength(1);
      expect(await given.store.settle([])).toEqual([]);
    });

    it('keeps the first 4096 characters of an answer, whole and with any character', async () => {
      await accept(given.store, [event({ destinations: ['billing', 'billing', 'billing'] })]);
      const [long, odd, empty] = await claim(given.store);
      if (!long || !odd || !empty) throw new Error('three were expected');
      await given.store.settle([
        delivered(long, { response: `${'x'.repeat(4095)}😀 and more` }),
        retry(odd, T0, { status: null, error: 'a\0b', response: 'c\0d 漢' }),
        delivered(empty, { response: null }),
      ]);
      const rowOf = async (id: number) => (await given.store.getDelivery(id))?.attemptRows[0];
      const cut = (await rowOf(long.id))?.response ?? '';
      expect(cut.slice(0, 4095)).toBe('x'.repeat(4095));
      expect(cut.length).toBeLessThanOrEqual(4096);
      expect(cut.isWellFormed()).toBe(true);
      expect(await rowOf(odd.id)).toMatchObject({ status: null, error: 'a\0b', response: 'c\0d 漢' });
      expect(await rowOf(empty.id)).toMatchObject({ response: null });
    });
  });
}
