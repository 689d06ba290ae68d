import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  converted,
  dead,
  delivered,
  event,
  HOUR,
  only,
  putOne,
  quarantined,
  retry,
  T0,
  webhook,
} from '../samples.js';

export function overviewRules(given: Given): void {
  describe('the disk', () => {
    it('is told with its free part, and since when webhooks are kept', async () => {
      expect(await given.store.diskUse()).toMatchObject({ oldestAt: null });
      await given.store.putWebhooks(
        Array.from({ length: 50 }, (_, index) =>
          webhook({ receivedAt: T0 + index, body: 'x'.repeat(20_000) }),
        ),
      );
      const { bytes, free, log, oldestAt } = await given.store.diskUse();
      expect(oldestAt).toBe(T0);
      expect(bytes).toBeGreaterThan(1_000_000);
      // A store may not be able to tell.
      expect(free ?? 0).toBeLessThan(bytes);
      expect(log ?? 0).toBeGreaterThanOrEqual(0);
    });
  });

  describe('who was last seen', () => {
    it('is told for each source, format and secret, over a restart', async () => {
      await given.store.putWebhooks([
        webhook({ receivedAt: T0 + 5 }),
        webhook({ receivedAt: T0 + 2 }),
        webhook({ receivedAt: T0 + 3, format: 'new' }),
        webhook({ receivedAt: T0 + 4, secretIndex: 1 }),
        webhook({ receivedAt: T0 + 4, source: 'another' }),
      ]);
      const store = await given.reopen();
      await store.putWebhooks([webhook({ receivedAt: T0 + HOUR }), webhook({ receivedAt: T0 })]);
      const extracta = { source: 'extracta', format: 'legacy', secretIndex: 0 };
      expect(await store.lastSeen()).toEqual([
        { ...extracta, source: 'another', firstAt: T0 + 4, lastAt: T0 + 4, count: 1 },
        { ...extracta, firstAt: T0, lastAt: T0 + HOUR, count: 4 },
        { ...extracta, secretIndex: 1, firstAt: T0 + 4, lastAt: T0 + 4, count: 1 },
        { ...extracta, format: 'new', firstAt: T0 + 3, lastAt: T0 + 3, count: 1 },
      ]);
    });

    it('is nobody at first', async () => {
      await given.store.putWebhooks([]);
      expect(await given.store.lastSeen()).toEqual([]);
    });
  });

  describe('when webhooks could come in', () => {
    const MINUTE = 60_000;
    const noted = async (...times: readonly number[]) => {
      for (const time of times) await given.store.noteUpTime(time);
      const [before, ...since] = await given.store.upTimes();
      expect(before).toMatchObject({ from: 0 });
      return since;
    };
    // After the store was made, before which nothing is recorded.
    const start = Date.now() + HOUR;

    it('goes on over breaks that nobody notices', async () => {
      expect(await noted(start, start + MINUTE, start + 2 * MINUTE, start + MINUTE)).toEqual([
        { from: start, to: start + 2 * MINUTE },
      ]);
    });

    it('is noted by a clock that was set back as well, and covers nothing that is yet to come', async () => {
      expect(await noted(start + 99 * HOUR, start, start + MINUTE)).toEqual([
        { from: start, to: start + MINUTE },
        { from: start + 99 * HOUR, to: start + 99 * HOUR },
      ]);
      await noted(...Array.from({ length: 61 }, (_, index) => start + index * MINUTE));
      expect((await noted(start + 20 * MINUTE))[0]).toEqual({ from: start, to: start + 20 * MINUTE });
    });

    it('is told with its breaks, over a restart', async () => {
      await noted(start, start + MINUTE);
      const store = await given.reopen();
      await store.noteUpTime(start + 2 * MINUTE + 1);
      expect((await store.upTimes()).slice(1)).toEqual([
        { from: start, to: start + MINUTE },
        { from: start + 2 * MINUTE + 1, to: start + 2 * MINUTE + 1 },
      ]);
    });

    it('is ever since at first, and until now', async () => {
      const [only, ...others] = await given.store.upTimes();
      expect(others).toEqual([]);
      expect(only?.from).toBe(0);
      expect(Math.abs((only?.to ?? 0) - Date.now())).toBeLessThan(MINUTE);
    });

    it('is forgotten by retention once it is over for long enough', async () => {
      await noted(start, start + HOUR);
      await given.store.prune({ before: start + 1, after: 0, limit: 10, dryRun: true });
      expect(await given.store.upTimes()).toHaveLength(3);
      await given.store.prune({ before: start + 1, after: 0, limit: 10 });
      expect(await given.store.upTimes()).toEqual([{ from: start + HOUR, to: start + HOUR }]);
    });

    it('is known no longer than what came in it', async () => {
      await noted(start, start + MINUTE, start + HOUR, start + HOUR + MINUTE);
      await given.store.prune({ before: start + HOUR + 7, after: 0, limit: 10, dryRun: true });
      expect(await given.store.upTimes()).toHaveLength(3);
      const rest = [{ from: start + HOUR + 7, to: start + HOUR + MINUTE }];
      await given.store.prune({ before: start + HOUR + 7, after: 0, limit: 10 });
      expect(await given.store.upTimes()).toEqual(rest);
      // As it was, where less is removed, or the same again.
      for (const before of [start, start + HOUR + 7]) {
        await given.store.prune({ before, after: 0, limit: 10 });
        expect(await given.store.upTimes()).toEqual(rest);
      }
      await given.store.noteUpTime(start + HOUR + 2 * MINUTE);
      expect(await given.store.upTimes()).toEqual([
        { from: start + HOUR + 7, to: start + HOUR + 2 * MINUTE },
      ]);
    });

    it('may be noted by several at once', async () => {
      const other = await given.beside();
      await Promise.all([given.store.noteUpTime(start), other.noteUpTime(start)]);
      expect((await given.store.upTimes()).at(-1)).toEqual({ from: start, to: start });
    });
  });

  describe('what waits', () => {
    it('is nothing at first', async () => {
      expect(await given.store.waiting(10)).toEqual({
        received: 0,
        receivedSince: null,
        quarantined: [],
        pending: [],
        dead: [],
      });
    });

    it('is counted by whom it concerns', async () => {
      for (const source of ['b', 'a', 'b']) {
        const id = await putOne(given.store, { source });
        await given.store.saveConversions([quarantined(id)], T0);
      }
      await accept(given.store, [event({ destinations: ['z', 'y'] })], { now: T0 + HOUR });
      await accept(given.store, [event({ destinations: ['z'] })], { now: T0 });
      for (const source of ['a', 'b']) {
        await accept(given.store, [event({ destinations: ['x'] })], { webhook: { source } });
      }
      await given.store.settle((await claim(given.store, T0, 'x')).map((one) => dead(one)));
      await putOne(given.store, { receivedAt: T0 + 7 });
      await putOne(given.store, { receivedAt: T0 + 9 });
      expect(await given.store.waiting(10)).toEqual({
        received: 2,
        receivedSince: T0 + 7,
        quarantined: [
          { source: 'a', count: 1 },
          { source: 'b', count: 2 },
        ],
        pending: [
          { destination: 'y', count: 1, dueAt: T0 + HOUR },
          { destination: 'z', count: 2, dueAt: T0 },
        ],
        dead: [
          { source: 'a', destination: 'x', count: 1 },
          { source: 'b', destination: 'x', count: 1 },
        ],
      });
    });

    it('is counted up to the limit', async () => {
      for (let index = 0; index < 3; index += 1) {
        const id = await putOne(given.store);
        await given.store.saveConversions([quarantined(id)], T0);
        await accept(given.store, [event({ destinations: ['x', 'y'] })]);
        await putOne(given.store);
      }
      await given.store.settle((await claim(given.store, T0, 'x')).map((one) => dead(one)));
      expect(await given.store.waiting(2)).toMatchObject({
        received: 2,
        quarantined: [{ count: 2 }],
        pending: [{ destination: 'y', count: 2 }],
        dead: [{ count: 2 }],
      });
    });

    it('is no longer what was converted, discarded or delivered', async () => {
      const [one, other] = [await putOne(given.store), await putOne(given.store)];
      await given.store.saveConversions([quarantined(one), quarantined(other)], T0);
      await given.store.discardQuarantined([one], 'a test', T0);
      await given.store.saveConversions([converted(other)], T0);
      await given.store.settle([delivered(only(await claim(given.store)))]);
      expect(await given.store.waiting(10)).toEqual({
        received: 0,
        receivedSince: null,
        quarantined: [],
        pending: [],
        dead: [],
      });
    });
  });

  describe('the latest answers of a destination', () => {
    it('are its attempts, those of the newest deliveries first', async () => {
      await accept(given.store, [event({ destinations: ['billing', 'other'] })]);
      const first = only(await claim(given.store));
      await given.store.settle([retry(first, T0, { startedAt: T0 + 1, duration: 10, status: null })]);
      const again = only(await claim(given.store));
      await given.store.settle([delivered(again, { startedAt: T0 + 2, duration: 20 })]);
      await accept(given.store, [event()]);
      await given.store.settle([
        delivered(only(await claim(given.store)), { startedAt: T0 + 3, duration: 30 }),
      ]);
      await accept(given.store, [event()]);
      const all = [
        { startedAt: T0 + 3, duration: 30, status: 200 },
        { startedAt: T0 + 2, duration: 20, status: 200 },
        { startedAt: T0 + 1, duration: 10, status: null },
      ];
      expect(await given.store.latestAnswers('billing', 10)).toEqual(all);
      expect(await given.store.latestAnswers('billing', 2)).toEqual(all.slice(0, 2));
      expect(await given.store.latestAnswers('other', 10)).toEqual([]);
    });
  });
}
