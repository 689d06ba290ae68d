import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import { accept, claim, dead, delivered, event, HOUR, ids, only, retry, routeTo, T0 } from '../samples.js';

export function backlogRules(given: Given): void {
  const statusOf = async (id: number) => (await given.store.getDelivery(id))?.status;

  describe('the list of backlogs', () => {
    it('counts what waits and what is being sent, and tells the oldest, by name', async () => {
      expect(await given.store.listBacklogs(10)).toEqual([]);
      await accept(given.store, [event({ destinations: ['b', 'a'] })], { now: T0 + 2 });
      await accept(given.store, [event({ destinations: ['b'] })], { now: T0 });
      await accept(given.store, [event({ destinations: ['c', 'd'] })], { now: T0 + 1 });
      await given.store.settle([retry(only(await claim(given.store, T0 + 1, 'b')), T0 + HOUR)]);
      await claim(given.store, T0 + 5, 'c');
      await given.store.settle([delivered(only(await claim(given.store, T0 + 5, 'd')))]);
      expect(await given.store.listBacklogs(10)).toEqual([
        { destination: 'a', count: 1, oldestAt: T0 + 2 },
        { destination: 'b', count: 2, oldestAt: T0 },
        { destination: 'c', count: 1, oldestAt: T0 + 1 },
      ]);
    });

    it('looks at so many of each at the most', async () => {
      await accept(given.store, [event({ destinations: Array<string>(9).fill('a') })]);
      await accept(given.store, [event({ destinations: ['b'] })]);
      expect(await given.store.listBacklogs(5)).toMatchObject([
        { destination: 'a', count: 5 },
        { destination: 'b', count: 1 },
      ]);
    });
  });

  describe('a backlog that is given up', () => {
    const discard = (limit: number, destination = 'billing') =>
      given.store.discardBacklog({ destination, reason: 'discarded: sold', now: T0 + 9, limit });

    it('is discarded with the reason, in steps, but for what is being sent', async () => {
      for (const now of [T0, T0 + 1, T0 + 2]) await accept(given.store, [event()], { now });
      await accept(given.store, [event({ destinations: ['other'] })]);
      const sending = only(await claim(given.store, T0 + 5, 'billing', 1));
      expect(await discard(1)).toBe(1);
      expect(await discard(5)).toBe(1);
      expect(await discard(5)).toBe(0);
      const gone = await given.store.listDeliveries({ limit: 10, status: 'discarded' });
      expect(gone).toHaveLength(2);
      expect((await given.store.listEvents({ limit: 1 })).map(({ deliveries }) => deliveries)).toMatchObject([
        { pending: 0, dead: 0, discarded: 1 },
      ]);
      expect(gone[0]).toMatchObject({ reason: 'discarded: sold', dueAt: null, endedAt: T0 + 9, attempts: 0 });
      expect(await given.store.settle([delivered(sending)])).toEqual([true]);
      expect(await claim(given.store, T0 + HOUR)).toEqual([]);
      expect(await claim(given.store, T0, 'other')).toHaveLength(1);
    });

    it('takes its dead letters along, in the same steps, and nobody waits for them any more', async () => {
      for (let count = 0; count < 3; count += 1) await accept(given.store, [event()]);
      await accept(given.store, [event({ destinations: ['other'] })]);
      const [died, delivers] = await claim(given.store, T0, 'billing', 2);
      const elsewhere = only(await claim(given.store, T0, 'other'));
      if (!died || !delivers) throw new Error('two were expected');
      await given.store.settle([dead(died), delivered(delivers), dead(elsewhere)]);
      expect(await discard(1)).toBe(1);
      expect(await discard(2)).toBe(1);
      expect(await discard(2)).toBe(0);
      expect(await given.store.getDelivery(died.id)).toMatchObject({
        status: 'discarded',
        reason: 'discarded: sold',
        attempts: 1,
        lastError: 'answered 500',
      });
      expect((await given.store.waiting(10)).dead).toMatchObject([{ destination: 'other', count: 1 }]);
      expect(await given.store.listReplayable({ limit: 10, dead: true })).toMatchObject([
        { latest: [{ destination: 'other' }] },
      ]);
    });

    it('hides no dead letter of another, however much it is', async () => {
      await accept(given.store, [event({ destinations: ['other'] })]);
      await given.store.settle([dead(only(await claim(given.store, T0, 'other')))]);
      for (const now of [T0 + 1, T0 + 2]) await accept(given.store, [event()], { now });
      await discard(5);
      expect((await given.store.waiting(2)).dead).toMatchObject([{ destination: 'other', count: 1 }]);
    });
  });

  describe('a backlog that is handed over', () => {
    const move = (more: Partial<Parameters<typeof given.store.moveBacklog>[0]> = {}) =>
      given.store.moveBacklog({
        destination: 'old',
        to: 'billing',
        mode: 'live',
        oncePerWebhook: false,
        now: T0 + 9,
        limit: 100,
        ...more,
      });

    it('stands for all of a webhook at one that gets it once', async () => {
      const part = () => event({ body: '{}', destinations: ['old'] });
      await accept(given.store, [part(), part()]);
      expect(await move({ oncePerWebhook: true })).toEqual({ moved: 1, spared: 1 });
      expect(only(await claim(given.store, T0 + 9))).toMatchObject({ whole: true, severalEvents: true });
    });

    it('goes to the other in steps, in its order, with the attempts that it has had', async () => {
      for (const now of [T0, T0 + 1, T0 + 2]) {
        await accept(given.store, [event({ destinations: ['old'] })], { now });
      }
      const first = only(await claim(given.store, T0, 'old', 1));
      await given.store.settle([retry(first, T0 + 1)]);
      expect(await move({ limit: 2 })).toEqual({ moved: 2, spared: 0 });
      expect(await move({ limit: 2 })).toEqual({ moved: 1, spared: 0 });
      expect(await move({ limit: 2 })).toEqual({ moved: 0, spared: 0 });
      const claimed = await claim(given.store, T0 + 9);
      expect(claimed[0]).toMatchObject({ id: first.id, destination: 'billing', attempts: 1 });
      expect(claimed).toHaveLength(3);
      expect((await given.store.getDelivery(first.id))?.attemptRows).toHaveLength(1);
      expect(await given.store.listBacklogs(9)).toMatchObject([{ destination: 'billing', count: 3 }]);
    });

    it('gives the other nothing that it has or gets anyway, and says so', async () => {
      await accept(given.store, [event({ destinations: ['old', 'billing'] })]);
      await given.store.settle([delivered(only(await claim(given.store)))]);
      await accept(given.store, [event({ destinations: ['old', 'billing'] })]);
      await accept(given.store, [event({ destinations: ['old', 'gone'] })]);
      expect(await move()).toEqual({ moved: 1, spared: 2 });
      const [spared] = await given.store.listDeliveries({ limit: 1, status: 'discarded' });
      expect(spared).toMatchObject({
        destination: 'old',
        reason: 'not moved: billing has the event already',
      });
      expect(await claim(given.store, T0 + 9)).toHaveLength(2);
    });

    it('gives what the other lost', async () => {
      await accept(given.store, [event({ destinations: ['old', 'billing'] })]);
      await given.store.settle([dead(only(await claim(given.store)))]);
      expect(await move()).toEqual({ moved: 1, spared: 0 });
    });

    it('goes once a webhook to one that gets the webhook', async () => {
      const two = [event({ destinations: ['old'] }), event({ destinations: ['old'] })];
      await accept(given.store, two);
      expect(await move({ oncePerWebhook: true })).toEqual({ moved: 1, spared: 1 });
    });

    it('is sent as the other sends, whatever it was made for', async () => {
      await accept(given.store, [event({ destinations: [routeTo('old', { mode: 'shadow' })] })]);
      expect(await move()).toEqual({ moved: 1, spared: 0 });
      const [live] = await claim(given.store, T0 + 9);
      expect(live).toMatchObject({ mode: 'live' });
      expect(await given.store.getDelivery(live?.id ?? 0)).toMatchObject({ mode: 'live' });
      await accept(given.store, [event({ destinations: ['old'] })]);
      expect(await move({ to: 'shadow', mode: 'shadow' })).toEqual({ moved: 1, spared: 0 });
      expect(await claim(given.store, T0 + 9, 'shadow')).toMatchObject([{ mode: 'shadow' }]);
    });

    it('gives a live one nothing that it has, where it was for a shadow beside it', async () => {
      await accept(given.store, [event({ destinations: [routeTo('old', { mode: 'shadow' }), 'billing'] })]);
      await given.store.settle([delivered(only(await claim(given.store)))]);
      expect(await move()).toEqual({ moved: 0, spared: 1 });
      expect(await claim(given.store, T0 + 9)).toEqual([]);
    });

    it('leaves what a shadow is being sent alone', async () => {
      await accept(given.store, [event({ destinations: [routeTo('old', { mode: 'shadow' })] })]);
      await accept(given.store, [event({ destinations: ['old'] })], { now: T0 + 1 });
      const sending = only(await claim(given.store, T0, 'old', 1));
      expect(await move()).toEqual({ moved: 1, spared: 0 });
      expect(await statusOf(sending.id)).toBe('sending');
      expect(ids(await claim(given.store, T0 + 9))).toHaveLength(1);
    });
  });
}
