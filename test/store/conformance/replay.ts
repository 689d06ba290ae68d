import { describe, expect, it } from 'vitest';
import type { NewDelivery, ReplayQuery } from '../../../src/store/rows.js';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  dead,
  delivered,
  event,
  file,
  HOUR,
  ids,
  only,
  retry,
  routeTo,
  T0,
} from '../samples.js';

const wanted = (eventId: number, more: Partial<NewDelivery> = {}): NewDelivery => ({
  eventId,
  destination: 'billing',
  mode: 'live',
  unlessDelivered: false,
  oncePerWebhook: false,
  ...more,
});

export function replayRules(given: Given): void {
  const add = (...batch: readonly NewDelivery[]) => given.store.addDeliveries(batch, T0 + HOUR);
  const deliverAll = async (destination = 'billing') =>
    given.store.settle((await claim(given.store, T0 + 2 * HOUR, destination)).map((one) => delivered(one)));
  const dieAll = async (destination = 'billing') =>
    given.store.settle((await claim(given.store, T0 + 2 * HOUR, destination)).map((one) => dead(one)));

  describe('deliveries that are added', () => {
    it('stand beside the old ones, due now, with the event as it is', async () => {
      const sent = event();
      const { id } = only((await accept(given.store, [sent])).events);
      const first = only(await claim(given.store));
      await given.store.settle([delivered(first)]);
      const added = only(await add(wanted(id)));
      expect(added).toEqual({ outcome: 'added', id: expect.any(Number) });
      expect(await claim(given.store, T0 + HOUR - 1)).toEqual([]);
      const store = await given.reopen();
      const again = only(await claim(store, T0 + HOUR));
      expect(again).toMatchObject({ eventId: id, messageId: sent.messageId, attempts: 0 });
      expect(again.id).not.toBe(first.id);
      const rows = await store.listDeliveries({ limit: 10, eventId: id });
      expect(rows.map(({ status, replayed, createdAt }) => [status, replayed, createdAt])).toEqual([
        ['sending', true, T0 + HOUR],
        ['delivered', false, T0],
      ]);
    });

    it('are sent in the order given', async () => {
      const events = [];
      for (let at = 0; at < 5; at += 1) events.push(only((await accept(given.store)).events).id);
      await dieAll();
      const order = [...events].reverse();
      await add(...order.map((id) => wanted(id)));
      expect((await claim(given.store, T0 + HOUR)).map(({ eventId }) => eventId)).toEqual(order);
    });

    it('are not made while one waits or is being sent, not even twice in one batch', async () => {
      const { id } = only((await accept(given.store)).events);
      const [row] = await given.store.listDeliveries({ limit: 1 });
      expect(await add(wanted(id))).toEqual([{ outcome: 'waiting', id: row?.id }]);
      const sending = only(await claim(given.store));
      expect(await add(wanted(id))).toEqual([{ outcome: 'waiting', id: row?.id }]);
      await given.store.settle([retry(sending, T0 + 9 * HOUR)]);
      expect(await add(wanted(id))).toEqual([{ outcome: 'waiting', id: row?.id }]);
      const [first, second] = await add(
        wanted(id, { destination: 'other' }),
        wanted(id, { destination: 'other' }),
      );
      expect(first?.outcome).toBe('added');
      expect(second).toEqual({ ...first, outcome: 'waiting' });
    });

    it('are made after a dead letter, and after a delivery unless that is ruled out', async () => {
      const { id } = only((await accept(given.store)).events);
      await dieAll();
      const spared = wanted(id, { unlessDelivered: true });
      expect(await add(spared)).toMatchObject([{ outcome: 'added' }]);
      await deliverAll();
      expect(await add(spared)).toMatchObject([{ outcome: 'delivered' }]);
      expect(await add(wanted(id))).toMatchObject([{ outcome: 'added' }]);
    });

    it('are for a mode: what a shadow took counts only for a shadow', async () => {
      const { id } = only((await accept(given.store)).events);
      const to = { destination: 'trial', unlessDelivered: true };
      expect(await add(wanted(id, { ...to, mode: 'shadow' }))).toMatchObject([{ outcome: 'added' }]);
      expect(await claim(given.store, T0 + HOUR, 'trial')).toMatchObject([{ mode: 'shadow' }]);
      await given.store.releaseExpired(T0 + 9 * HOUR);
      await deliverAll('trial');
      expect(await add(wanted(id, { ...to, mode: 'shadow' }))).toMatchObject([{ outcome: 'delivered' }]);
      expect(await add(wanted(id, to))).toMatchObject([{ outcome: 'added' }]);
    });

    it('are made once for the events of one webhook where that is asked for', async () => {
      const { events } = await accept(given.store, [event(), event(), event()]);
      const other = only((await accept(given.store)).events);
      const batch = [...events, other].map(({ id }) =>
        wanted(id, { destination: 'old', oncePerWebhook: true }),
      );
      const outcomes = (await add(...batch)).map(({ outcome }) => outcome);
      expect(outcomes).toEqual(['added', 'waiting', 'waiting', 'added']);
      await deliverAll('old');
      const spared = batch.map((one) => ({ ...one, unlessDelivered: true }));
      const again = (await add(...spared)).map(({ outcome }) => outcome);
      expect(again).toEqual(['delivered', 'delivered', 'delivered', 'delivered']);
    });

    it('bring a webhook event by event where a part of it had been accepted before', async () => {
      const before = [file('a')];
      await accept(given.store, [event({ files: before })]);
      const { events } = await accept(given.store, [event({ files: before }), event(), event()]);
      const to = { destination: 'old', oncePerWebhook: true };
      const added = await add(...events.slice(1).map(({ id }) => wanted(id, to)));
      expect(added).toMatchObject([{ outcome: 'added' }, { outcome: 'added' }]);
      expect((await claim(given.store, T0 + HOUR, 'old')).map(({ whole }) => whole)).toEqual([false, false]);
    });

    it('stand for all of a webhook where they are made once for it, or have its only event', async () => {
      const two = await accept(given.store, [event({ body: '{}' }), event({ body: '{}' })]);
      const one = await accept(given.store, [event({ body: '{}' })]);
      const all = [...two.events, ...one.events].map(({ id }) => id);
      await add(...all.map((id) => wanted(id, { destination: 'old', oncePerWebhook: true })));
      await add(...all.map((id) => wanted(id, { destination: 'next' })));
      const standing = async (destination: string) =>
        (await claim(given.store, T0 + HOUR, destination)).map((each) => [each.whole, each.severalEvents]);
      expect(await standing('old')).toEqual([
        [true, true],
        [true, false],
      ]);
      expect(await standing('next')).toEqual([
        [false, false],
        [false, false],
        [true, false],
      ]);
    });

    it('may be of what one stood for, which then stands for its own alone', async () => {
      const { events } = await accept(given.store, [
        event({ body: '{}', destinations: [routeTo('old', { oncePerWebhook: true })] }),
        event({ body: '{}', destinations: [] }),
      ]);
      const [first, second] = events.map(({ id }) => id) as [number, number];
      const whole = only(await claim(given.store, T0, 'old'));
      expect(whole).toMatchObject({ eventId: first, whole: true, severalEvents: true });
      const others = [wanted(second, { destination: 'old' })];
      expect(await given.store.splitDelivery(whole.id, others, T0)).toMatchObject([{ outcome: 'added' }]);
      await given.store.settle([retry(whole, T0)]);
      const store = await given.reopen();
      const standing = (await claim(store, T0 + 1, 'old')).map((each) => [each.eventId, each.whole]);
      expect(standing).toEqual([
        [first, false],
        [second, false],
      ]);
      expect(await store.splitDelivery(whole.id, others, T0)).toMatchObject([{ outcome: 'waiting' }]);
      expect(await store.splitDelivery(whole.id, [], T0)).toEqual([]);
    });

    it('need an event that is stored', async () => {
      expect(await add(wanted(4711))).toEqual([{ outcome: 'no_event' }]);
      expect(await add()).toEqual([]);
    });
  });

  describe('events for a replay', () => {
    const list = async (query: Partial<ReplayQuery> = {}) =>
      given.store.listReplayable({ limit: 100, ...query });

    it('come in the order of arrival, page by page, within the period', async () => {
      const made: number[] = [];
      for (const at of [3, 1, 2, 1, 4]) {
        const saved = await accept(given.store, [event()], { now: T0 + at });
        made.push(only(saved.events).id);
      }
      const [third, first, , second, last] = made;
      expect(ids(await list({ since: T0 + 1, until: T0 + 4 }))).toEqual([first, second, made[2], third]);
      const paged: number[] = [];
      for (;;) {
        const after = paged.at(-1);
        const page = await list({ limit: 2, ...(after === undefined ? {} : { after }) });
        paged.push(...ids(page));
        if (page.length < 2) break;
      }
      expect(paged).toEqual([first, second, made[2], third, last]);
    });

    it('tell where they went, by the latest delivery to each destination', async () => {
      const files = [file('a')];
      const destinations = ['billing', 'archive'];
      const webhook = { format: 'new' as const };
      const saved = await accept(given.store, [event({ files, destinations })], { webhook });
      await accept(given.store, [event({ files, destinations })]);
      await deliverAll();
      await dieAll('archive');
      const { id } = only(saved.events);
      await add(wanted(id, { destination: 'archive' }));
      const [original, repeat] = await list();
      expect(original).toEqual({
        id,
        messageId: only(saved.events).messageId,
        webhookId: saved.webhookId,
        source: 'extracta',
        format: 'new',
        event: 'extraction.processed',
        receivedAt: T0,
        duplicateOf: null,
        latest: [
          { destination: 'billing', mode: 'live', status: 'delivered' },
          { destination: 'archive', mode: 'live', status: 'pending' },
        ],
      });
      expect(repeat).toMatchObject({ duplicateOf: id, latest: [] });
    });

    it('can be those with a dead letter, each once', async () => {
      const two = event({ destinations: ['billing', 'archive'] });
      const first = only((await accept(given.store, [two])).events).id;
      await accept(given.store, [event({ destinations: ['other'] })]);
      const second = only((await accept(given.store, [event()], { now: T0 + HOUR })).events).id;
      await dieAll();
      await dieAll('archive');
      await deliverAll('other');
      expect(ids(await list({ dead: true }))).toEqual([first, second]);
      expect(ids(await list({ dead: true, limit: 1 }))).toEqual([first]);
      expect(ids(await list({ dead: true, limit: 1, after: first }))).toEqual([second]);
      expect(ids(await list({ dead: true, since: T0 + 1 }))).toEqual([second]);
      expect(ids(await list({ dead: true, until: T0 + 1 }))).toEqual([first]);
    });
  });
}
