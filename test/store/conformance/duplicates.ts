import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import { accept, claim, converted, event, file, HOUR, only, T0, webhooks } from '../samples.js';

export function duplicateRules(given: Given): void {
  describe('duplicates', () => {
    it('keeps a repeat as a duplicate of the event accepted first, without deliveries', async () => {
      const files = [file('a'), file('b')];
      const first = only((await accept(given.store, [event({ files })])).events);
      const second = only((await accept(given.store, [event({ files })], { now: T0 + HOUR })).events);
      const third = only((await accept(given.store, [event({ files })], { now: T0 + 2 * HOUR })).events);
      expect(first).toMatchObject({ duplicateOf: null, deliveries: 1 });
      expect(second).toMatchObject({ duplicateOf: first.id, deliveries: 0 });
      expect(third).toMatchObject({ duplicateOf: first.id, deliveries: 0 });
      expect(await given.store.getEvent(second.id)).toMatchObject({
        duplicateOf: first.id,
        deliveryRows: [],
      });
      expect(await claim(given.store, T0 + 2 * HOUR)).toHaveLength(1);
    });

    it.each([
      ['legacy', 'new'],
      ['new', 'legacy'],
    ] as const)('holds from %s to %s', async (one, other) => {
      const files = [file('a')];
      const first = await accept(given.store, [event({ files })], { webhook: { format: one } });
      const second = await accept(given.store, [event({ files })], { webhook: { format: other } });
      expect(only(second.events).duplicateOf).toBe(only(first.events).id);
    });

    it('holds within one batch, and within one webhook', async () => {
      const files = [file('a')];
      const [first = 0, second = 0] = await given.store.putWebhooks(webhooks(2));
      const saved = await given.store.saveConversions(
        [converted(first, [event({ files }), event({ files })]), converted(second, [event({ files })])],
        T0,
      );
      const [original, ...repeats] = saved.flatMap(({ events }) => events);
      expect(original).toMatchObject({ duplicateOf: null, deliveries: 1 });
      expect(repeats.map(({ duplicateOf }) => duplicateOf)).toEqual([original?.id, original?.id]);
      expect(await claim(given.store)).toHaveLength(1);
    });

    it('holds over a restart', async () => {
      const files = [file('a')];
      const first = only((await accept(given.store, [event({ files })])).events);
      const store = await given.reopen();
      expect(only((await accept(store, [event({ files })])).events).duplicateOf).toBe(first.id);
    });

    it('needs every file, whichever events they came in, and is one of the first of those', async () => {
      const [a, b, c] = [file('a'), file('b'), file('c')];
      const accepted = [[a], [b], [a, c]].map((files) => event({ files }));
      const originals: number[] = [];
      for (const one of accepted) {
        const saved = only((await accept(given.store, [one])).events);
        expect(saved).toMatchObject({ duplicateOf: null, deliveries: 1 });
        originals.push(saved.id);
      }
      for (const files of [
        [b, a],
        [a, b],
      ]) {
        const repeat = only((await accept(given.store, [event({ files })])).events);
        // The third event accepted `a` last, the second `b`.
        expect(repeat).toMatchObject({ duplicateOf: originals[1], deliveries: 0 });
      }
    });

    it('tells apart the same content of another file, and other content of the same file', async () => {
      await accept(given.store, [event({ files: [file('a', 'x')] })]);
      const others = await accept(given.store, [
        event({ files: [file('b', 'x')] }),
        event({ files: [file('a', 'y')] }),
      ]);
      expect(others.events.map(({ duplicateOf }) => duplicateOf)).toEqual([null, null]);
    });

    it('never takes an event without files for a duplicate', async () => {
      await accept(given.store, [event({ files: [] })]);
      const again = await accept(given.store, [event({ files: [] })]);
      expect(only(again.events)).toMatchObject({ duplicateOf: null, deliveries: 1 });
    });

    it('counts the window from the acceptance, its start included; a repeat does not extend it', async () => {
      const files = [file('a')];
      const first = only((await accept(given.store, [event({ files })], { now: T0 })).events);
      const at = async (now: number, since: number) =>
        only((await accept(given.store, [event({ files })], { now, since })).events).duplicateOf;
      expect(await at(T0 + 20 * HOUR, T0)).toBe(first.id);
      expect(await at(T0 + 25 * HOUR, T0 + 1)).toBeNull();
    });

    it('starts a window of its own with an event accepted after it', async () => {
      const files = [file('a')];
      await accept(given.store, [event({ files })], { now: T0 });
      const renewed = only((await accept(given.store, [event({ files })], { now: T0 + 30 * HOUR })).events);
      const later = await accept(given.store, [event({ files })], { now: T0 + 50 * HOUR });
      expect(renewed.duplicateOf).toBeNull();
      expect(only(later.events).duplicateOf).toBe(renewed.id);
    });

    it('can be turned off, and still remembers for when it is on again', async () => {
      const files = [file('a')];
      const off = { since: null };
      await accept(given.store, [event({ files })], off);
      const second = only((await accept(given.store, [event({ files })], off)).events);
      expect(second).toMatchObject({ duplicateOf: null, deliveries: 1 });
      expect(only((await accept(given.store, [event({ files })])).events).duplicateOf).toBe(second.id);
    });
  });
}
