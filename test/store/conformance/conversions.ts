import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  claimWebhooks,
  converted,
  event,
  HOUR,
  ids,
  only,
  putOne,
  quarantined,
  routeTo,
  T0,
  webhooks,
} from '../samples.js';

export function conversionRules(given: Given): void {
  describe('conversions', () => {
    it('keeps each event with a delivery for each destination', async () => {
      const first = event({ destinations: ['billing', 'archive'], body: '{"event":"x"}', plain: false });
      const second = event({ event: 'extraction.failed', destinations: [] });
      const saved = await accept(given.store, [first, second]);
      expect(saved.applied).toBe(true);
      expect(saved.events).toEqual([
        { id: expect.any(Number), messageId: first.messageId, duplicateOf: null, deliveries: 2 },
        { id: expect.any(Number), messageId: second.messageId, duplicateOf: null, deliveries: 0 },
      ]);
      const store = await given.reopen();
      expect(await store.getEvent(saved.events[0]?.id ?? 0)).toMatchObject({
        messageId: first.messageId,
        webhookId: saved.webhookId,
        event: 'extraction.processed',
        body: '{"event":"x"}',
        files: 1,
        deliveries: { pending: 2, sending: 0, delivered: 0, dead: 0, missed: 0, discarded: 0 },
        webhook: { id: saved.webhookId, state: 'converted' },
        deliveryRows: [{ status: 'pending' }, { status: 'pending' }],
      });
      expect(await store.getEvent(saved.events[1]?.id ?? 0)).toMatchObject({ body: null, deliveryRows: [] });
    });

    it('makes one delivery a webhook where the route says so, for the first event', async () => {
      const once = routeTo('old', { oncePerWebhook: true });
      const events = [
        event({ destinations: ['billing'] }),
        event({ destinations: ['billing', once] }),
        event({ destinations: [once, 'billing'] }),
      ];
      const saved = await accept(given.store, events);
      expect(saved.events.map(({ deliveries }) => deliveries)).toEqual([1, 2, 1]);
      expect(only(await claim(given.store, T0, 'old'))).toMatchObject({
        eventId: saved.events[1]?.id,
        whole: true,
      });
      expect(await claim(given.store)).toHaveLength(3);
      // Each webhook has its own.
      const [first = 0, second = 0] = await given.store.putWebhooks(webhooks(2));
      await given.store.saveConversions(
        [first, second].map((id) => converted(id, [event({ destinations: [once] })])),
        T0,
      );
      expect(await claim(given.store, T0, 'old')).toHaveLength(2);
    });

    it('stands for all of a webhook where it is made once for it, or has its only event', async () => {
      const once = routeTo('old', { oncePerWebhook: true });
      const part = () => event({ body: '{"event":"x"}', destinations: ['billing', once] });
      await accept(given.store, [part(), part()]);
      await accept(given.store, [part()]);
      await accept(given.store, [event({ destinations: ['billing', once] })]);
      const standing = async (destination: string) =>
        (await claim(given.store, T0, destination)).map(({ whole, severalEvents }) => [whole, severalEvents]);
      expect(await standing('old')).toEqual([
        [true, true],
        [true, false],
        [true, false],
      ]);
      expect(await standing('billing')).toEqual([
        [false, false],
        [false, false],
        [true, false],
        [true, false],
      ]);
    });

    it('makes one for each new event where another of the webhook had been accepted, none of them whole', async () => {
      const once = routeTo('old', { oncePerWebhook: true });
      const repeated = event({ destinations: [] });
      await accept(given.store, [repeated]);
      const saved = await accept(given.store, [
        event({ destinations: [once] }),
        event({ ...repeated, destinations: [once] }),
        event({ destinations: [once] }),
      ]);
      expect(saved.events.map(({ deliveries }) => deliveries)).toEqual([1, 0, 1]);
      const claimed = await claim(given.store, T0, 'old');
      expect(claimed.map(({ eventId, whole }) => [eventId, whole])).toEqual([
        [saved.events[0]?.id, false],
        [saved.events[2]?.id, false],
      ]);
    });

    it('makes them event by event also where the other had come on a later day and was converted before', async () => {
      const once = routeTo('old', { oncePerWebhook: true });
      const repeated = event({ destinations: [once] });
      const id = await putOne(given.store);
      const nextDay = T0 + 24 * HOUR;
      await accept(given.store, [event({ ...repeated, destinations: [] })], { now: nextDay });
      const late = [event({ destinations: [once] }), repeated, event({ destinations: [once] })];
      const saved = only(await given.store.saveConversions([converted(id, late, T0)], nextDay));
      expect(saved.events.map(({ deliveries }) => deliveries)).toEqual([1, 0, 1]);
      const claimed = await claim(given.store, nextDay, 'old');
      expect(claimed.map(({ eventId, whole }) => [eventId, whole])).toEqual([
        [saved.events[0]?.id, false],
        [saved.events[2]?.id, false],
      ]);
    });

    it('saves a batch of many in the order given', async () => {
      const stored = await given.store.putWebhooks(webhooks(50));
      const events = stored.map(() => event());
      const saved = await given.store.saveConversions(
        stored.map((id, index) => converted(id, [events[index] ?? event()])),
        T0,
      );
      expect(saved.map(({ webhookId }) => webhookId)).toEqual(stored);
      expect(saved.map((one) => only(one.events).messageId)).toEqual(
        events.map(({ messageId }) => messageId),
      );
      expect(await claim(given.store)).toHaveLength(50);
    });

    it('does nothing the second time', async () => {
      const id = await putOne(given.store);
      await given.store.saveConversions([converted(id)], T0);
      const again = await given.store.saveConversions([converted(id), quarantined(id)], T0);
      expect(again).toEqual([
        { webhookId: id, applied: false, events: [] },
        { webhookId: id, applied: false, events: [] },
      ]);
      expect(await given.store.listEvents({ limit: 10 })).toHaveLength(1);
      expect((await given.store.getWebhook(id))?.state).toBe('converted');
    });

    it('saves the first of two conversions of one webhook in a batch', async () => {
      const id = await putOne(given.store);
      const saved = await given.store.saveConversions([converted(id), converted(id)], T0);
      expect(saved.map(({ applied }) => applied)).toEqual([true, false]);
      expect(await given.store.listEvents({ limit: 10 })).toHaveLength(1);
    });

    it('leaves out what it does not know, and saves the rest', async () => {
      const id = await putOne(given.store);
      const saved = await given.store.saveConversions([converted(999_999), converted(id)], T0);
      expect(saved.map(({ applied }) => applied)).toEqual([false, true]);
    });

    it('takes an empty batch, and a conversion to no event', async () => {
      expect(await given.store.saveConversions([], T0)).toEqual([]);
      const id = await putOne(given.store);
      expect(await given.store.saveConversions([converted(id, [])], T0)).toEqual([
        { webhookId: id, applied: true, events: [] },
      ]);
      expect((await given.store.getWebhook(id))?.state).toBe('converted');
    });

    it('keeps an event body with any character, and one of megabytes', async () => {
      const body = `{"event":"x","result":"a\0b 😀 ${'é'.repeat(3_000_000)}"}`;
      const saved = await accept(given.store, [event({ body })]);
      const store = await given.reopen();
      expect((await store.getEvent(only(saved.events).id))?.body === body).toBe(true);
      expect(only(await claim(store)).body === body).toBe(true);
    });
  });

  describe('quarantine', () => {
    it('keeps the webhook with reason and errors, and hands it out no more', async () => {
      const id = await putOne(given.store);
      await claimWebhooks(given.store);
      const saved = await given.store.saveConversions([quarantined(id, 'no_files', ['one', 'two ✗\0'])], T0);
      expect(saved).toEqual([{ webhookId: id, applied: true, events: [] }]);
      const store = await given.reopen();
      expect(await claimWebhooks(store, T0 + HOUR)).toEqual([]);
      expect(await store.getWebhook(id)).toMatchObject({
        state: 'quarantined',
        reason: 'no_files',
        errors: ['one', 'two ✗\0'],
      });
    });

    it('keeps so much of the errors as a person reads, in whole characters', async () => {
      const id = await putOne(given.store);
      const long = `${'x'.repeat(999)}😀 and more`;
      const errors = [long, ...Array.from({ length: 200 }, (_, index) => `error ${index}`)];
      await given.store.saveConversions([quarantined(id, 'schema_violation', errors)], T0);
      const kept = (await given.store.getWebhook(id))?.errors ?? [];
      expect(kept).toEqual([`${'x'.repeat(999)}\uFFFD`, ...errors.slice(1, 100)]);
    });

    it('takes a new reason when it is tried again', async () => {
      const id = await putOne(given.store);
      await given.store.saveConversions([quarantined(id, 'no_files', ['old'])], T0);
      const again = await given.store.saveConversions([quarantined(id, 'unknown_status', ['new'])], T0);
      expect(only(again).applied).toBe(true);
      expect(only(await given.store.listQuarantine({ limit: 10 }))).toMatchObject({
        id,
        reason: 'unknown_status',
        errors: ['new'],
      });
    });

    it('lets go of a webhook that converts at last', async () => {
      const id = await putOne(given.store);
      await given.store.saveConversions([quarantined(id)], T0);
      const saved = only(await given.store.saveConversions([converted(id)], T0 + HOUR));
      expect(saved).toMatchObject({ applied: true, events: [{ deliveries: 1 }] });
      expect(await given.store.listQuarantine({ limit: 10 })).toEqual([]);
      expect(await given.store.getWebhook(id)).toMatchObject({
        state: 'converted',
        reason: null,
        errors: [],
      });
      expect(await claim(given.store, T0 + HOUR)).toHaveLength(1);
    });

    it('discards those in quarantine alone, for good, with the note', async () => {
      const [bad = 0, waiting = 0, done = 0] = await given.store.putWebhooks(webhooks(3));
      await given.store.saveConversions([quarantined(bad), converted(done)], T0);
      const asked = [bad, waiting, done, 12_345];
      expect(await given.store.discardQuarantined(asked, 'a test of theirs ✓', T0)).toEqual([bad]);
      expect(await given.store.discardQuarantined([bad], 'again', T0)).toEqual([]);
      const store = await given.reopen();
      expect(await store.getWebhook(bad)).toMatchObject({ state: 'discarded', note: 'a test of theirs ✓' });
      expect(await store.listQuarantine({ limit: 10 })).toEqual([]);
      expect(only(await store.saveConversions([converted(bad)], T0)).applied).toBe(false);
      expect(ids(await claimWebhooks(store))).toEqual([waiting]);
    });
  });
}
