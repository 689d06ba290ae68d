import { describe, expect, it } from 'vitest';
import type { DeliveryQuery, EventQuery } from '../../../src/store/rows.js';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  converted,
  dead,
  delivered,
  event,
  file,
  HOUR,
  ids,
  LEASE,
  only,
  putOne,
  quarantined,
  retry,
  T0,
} from '../samples.js';

/** All pages of a list, one after the other. */
async function pages<Row extends { readonly id: number }>(
  list: (page: { readonly limit: number; readonly before?: number }) => Promise<readonly Row[]>,
  limit = 3,
): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let page = await list({ limit }); page.length > 0; ) {
    expect(page.length).toBeLessThanOrEqual(limit);
    seen.push(...ids(page));
    page = await list({ limit, before: seen.at(-1) ?? 0 });
  }
  return seen;
}

/** Ten events: every other one from `other` and failed, an hour apart. */
async function tenEvents(given: Given): Promise<readonly number[]> {
  const saved: number[] = [];
  for (let index = 0; index < 10; index += 1) {
    const odd = index % 2 === 1;
    const one = event({ event: odd ? 'extraction.failed' : 'extraction.processed' });
    const source = odd ? 'other' : 'extracta';
    const at = { now: T0 + index * HOUR, webhook: { source } };
    saved.push(only((await accept(given.store, [one], at)).events).id);
  }
  return saved;
}

export function listRules(given: Given): void {
  describe('the list of events', () => {
    it('comes newest first, page by page', async () => {
      const newestFirst = (await tenEvents(given)).toReversed();
      expect(await pages((page) => given.store.listEvents(page))).toEqual(newestFirst);
      expect(ids(await given.store.listEvents({ limit: 2 }))).toEqual(newestFirst.slice(0, 2));
    });

    it('says what each is, and how its deliveries stand', async () => {
      const one = event({ files: [file('a'), file('b')], destinations: ['billing', 'archive', 'mail', 'x'] });
      const saved = await accept(given.store, [one], { webhook: { format: 'new' } });
      await given.store.settle([delivered(only(await claim(given.store)))]);
      await given.store.settle([dead(only(await claim(given.store, T0, 'archive')))]);
      await claim(given.store, T0, 'mail');
      expect(await given.store.listEvents({ limit: 10 })).toEqual([
        {
          id: only(saved.events).id,
          messageId: one.messageId,
          webhookId: saved.webhookId,
          source: 'extracta',
          format: 'new',
          event: 'extraction.processed',
          files: 2,
          receivedAt: T0,
          duplicateOf: null,
          deliveries: { pending: 1, sending: 1, delivered: 1, dead: 1, missed: 0, discarded: 0 },
        },
      ]);
    });

    it.each<readonly [string, Omit<EventQuery, 'limit'>, readonly number[]]>([
      ['source', { source: 'other' }, [9, 7, 5, 3, 1]],
      ['event', { event: 'extraction.processed' }, [8, 6, 4, 2, 0]],
      ['since, inclusive', { since: T0 + 7 * HOUR }, [9, 8, 7]],
      ['until, exclusive', { until: T0 + 2 * HOUR }, [1, 0]],
      ['all of them', { source: 'other', since: T0 + 2 * HOUR, until: T0 + 8 * HOUR }, [7, 5, 3]],
      ['what nothing matches', { source: 'other', event: 'extraction.processed' }, []],
    ])('is filtered by %s', async (_, query, expected) => {
      const saved = await tenEvents(given);
      const found = await pages((page) => given.store.listEvents({ ...query, ...page }), 2);
      expect(found).toEqual(expected.map((index) => saved[index]));
    });

    it('places an event that was converted late by when its webhook arrived', async () => {
      const late = await putOne(given.store, { receivedAt: T0 - HOUR });
      await given.store.saveConversions([quarantined(late)], T0);
      const [recent] = (await accept(given.store)).events;
      const [last] = only(await given.store.saveConversions([converted(late)], T0 + HOUR)).events;
      expect(ids(await given.store.listEvents({ limit: 10 }))).toEqual([recent?.id, last?.id]);
      expect(ids(await given.store.listEvents({ limit: 10, until: T0 }))).toEqual([last?.id]);
    });
  });

  describe('one event', () => {
    it('is found by its number and by its webhook-id, then the newest such', async () => {
      const files = [file('a')];
      const one = event({ files });
      const first = only((await accept(given.store, [one])).events);
      const second = only((await accept(given.store, [one])).events);
      await accept(given.store);
      expect((await given.store.getEvent(first.id))?.id).toBe(first.id);
      expect((await given.store.getEvent(one.messageId))?.id).toBe(second.id);
      const store = await given.reopen();
      expect((await store.getEvent(one.messageId))?.id).toBe(second.id);
    });

    it('is told apart from another whose webhook-id ends alike', async () => {
      await accept(given.store, [event({ messageId: 'evt_aaaaaaaaaaaaaaaaaaaaaaaa' })]);
      const { events } = await accept(given.store, [event({ messageId: 'evt_baaaaaaaaaaaaaaaaaaaaaaa' })]);
      const found = await given.store.getEvent('evt_baaaaaaaaaaaaaaaaaaaaaaa');
      expect(found?.id).toBe(only(events).id);
    });

    it('is null where there is none', async () => {
      await accept(given.store);
      expect(await given.store.getEvent(999)).toBeNull();
      expect(await given.store.getEvent('evt_unknown')).toBeNull();
      expect(await given.store.getEvent('')).toBeNull();
    });
  });

  describe('the list of deliveries', () => {
    /** One a state: [pending, sending, delivered, dead], then one pending elsewhere. */
    const fiveDeliveries = async () => {
      for (let index = 0; index < 4; index += 1) {
        await accept(given.store, [event()], { now: T0 + index * HOUR });
      }
      await accept(given.store, [event({ destinations: ['other'] })], { now: T0 + 4 * HOUR });
      const claimed = await claim(given.store, T0 + 3 * HOUR);
      const [pending, sending, arrived, lost] = claimed;
      if (!pending || !sending || !arrived || !lost) throw new Error('four were expected');
      await given.store.settle([retry(pending, T0 + 9 * HOUR), delivered(arrived), dead(lost, 'gone')]);
      const elsewhere = only(await given.store.listDeliveries({ limit: 1, destination: 'other' }));
      return [...claimed, elsewhere];
    };

    it('comes newest first, page by page', async () => {
      const all = ids(await fiveDeliveries());
      expect(await pages((page) => given.store.listDeliveries(page), 2)).toEqual(all.toReversed());
    });

    it('says how each stands', async () => {
      const [, , , lost] = await fiveDeliveries();
      const [, row] = await given.store.listDeliveries({ limit: 2 });
      expect(row).toEqual({
        id: lost?.id,
        eventId: expect.any(Number),
        messageId: expect.stringMatching(/^evt_/),
        event: 'extraction.processed',
        destination: 'billing',
        mode: 'live',
        share: 100,
        status: 'dead',
        attempts: 1,
        createdAt: T0 + 3 * HOUR,
        replayed: false,
        dueAt: null,
        endedAt: T0 + 35,
        afterDead: null,
        reason: 'gone',
        lastStatus: 500,
        lastError: 'answered 500',
        fault: 'destination',
      });
    });

    it.each<readonly [string, Omit<DeliveryQuery, 'limit'>, readonly number[]]>([
      ['pending', { status: 'pending' }, [4, 0]],
      ['sending', { status: 'sending' }, [1]],
      ['delivered', { status: 'delivered' }, [2]],
      ['dead', { status: 'dead' }, [3]],
      ['destination', { destination: 'billing' }, [3, 2, 1, 0]],
      ['status and destination', { status: 'pending', destination: 'billing' }, [0]],
      ['since, inclusive', { since: T0 + 2 * HOUR }, [4, 3, 2]],
      ['until, exclusive', { until: T0 + 2 * HOUR }, [1, 0]],
      ['status and time', { status: 'pending', since: T0 + 1 }, [4]],
    ])('is filtered by %s', async (_, query, expected) => {
      const all = ids(await fiveDeliveries());
      const found = await pages((page) => given.store.listDeliveries({ ...query, ...page }), 1);
      expect(found).toEqual(expected.map((index) => all[index]));
    });

    it('is filtered by whose fault it is, which ends with the delivery', async () => {
      await accept(given.store, [event({ destinations: ['a'] })]);
      await accept(given.store, [event({ destinations: ['b'] })]);
      await accept(given.store, [event({ destinations: ['c'] })]);
      const ours = { status: null, error: 'not sent: no secret', fault: 'shim' } as const;
      const [a, b] = [only(await claim(given.store, T0, 'a')), only(await claim(given.store, T0, 'b'))];
      await given.store.settle([retry(a, T0, ours), dead(b, 'gone', ours)]);
      await given.store.settle([dead(only(await claim(given.store, T0, 'c')))]);
      const list = (query: object) => pages((page) => given.store.listDeliveries({ ...query, ...page }), 1);
      expect(await list({ fault: 'shim' })).toEqual([b.id, a.id]);
      expect(await list({ fault: 'shim', status: 'dead' })).toEqual([b.id]);
      expect(await list({ fault: 'destination', status: 'pending' })).toEqual([]);
      await given.store.settle([delivered(only(await claim(given.store, T0, 'a')))]);
      expect(await list({ fault: 'shim' })).toEqual([b.id]);
      const detail = await given.store.getDelivery(a.id);
      expect(detail).toMatchObject({ fault: null, attemptRows: [{ fault: 'shim' }, { fault: null }] });
    });

    it('is filtered by event', async () => {
      const { events } = await accept(given.store, [event({ destinations: ['a', 'b'] })]);
      await accept(given.store);
      const found = await given.store.listDeliveries({ limit: 10, eventId: only(events).id });
      expect(found.map(({ destination }) => destination)).toEqual(['b', 'a']);
    });

    it('has no delivery by a number that was never given', async () => {
      expect(await given.store.getDelivery(999)).toBeNull();
    });
  });

  describe('the list of quarantine', () => {
    it('comes newest first, page by page, filtered by reason and source', async () => {
      const all: number[] = [];
      for (let index = 0; index < 6; index += 1) {
        const id = await putOne(given.store, { source: index % 2 ? 'other' : 'extracta' });
        all.push(id);
        await given.store.saveConversions([quarantined(id, index < 3 ? 'no_files' : 'unknown_status')], T0);
      }
      const list = (query: object) => pages((page) => given.store.listQuarantine({ ...query, ...page }), 2);
      const at = (...indexes: readonly number[]) => indexes.map((index) => all[index]);
      expect(await list({})).toEqual(at(5, 4, 3, 2, 1, 0));
      expect(await list({ reason: 'no_files' })).toEqual(at(2, 1, 0));
      expect(await list({ source: 'other', reason: 'unknown_status' })).toEqual(at(5, 3));
    });

    it('says what is wrong with each, and its size in bytes', async () => {
      const body = '{"result":"é😀"}';
      const id = await putOne(given.store, { body, receivedAt: T0 + LEASE, format: 'new' });
      await given.store.saveConversions([quarantined(id, 'invalid_event', ['a', 'b'])], T0);
      expect(await given.store.listQuarantine({ limit: 1 })).toEqual([
        {
          id,
          source: 'extracta',
          format: 'new',
          receivedAt: T0 + LEASE,
          reason: 'invalid_event',
          errors: ['a', 'b'],
          size: Buffer.byteLength(body),
        },
      ]);
    });
  });
}
