import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import { accept, claim, dead, delivered, event, file, HOUR, only, putOne, T0 } from '../samples.js';

const LIMIT = 3;

/** Steps until nothing is left to do. */
async function pruneAll(given: Given, before: number): Promise<number> {
  let total = 0;
  for (let after: number | null = 0; after !== null; ) {
    const step: { removed: number; next: number | null } = await given.store.prune({
      before,
      after,
      limit: LIMIT,
    });
    total += step.removed;
    after = step.next;
  }
  return total;
}

async function acceptAndDeliver(given: Given, now: number, one = event()) {
  const saved = await accept(given.store, [one], { now });
  for (const claimed of await claim(given.store, now)) await given.store.settle([delivered(claimed)]);
  return saved;
}

export function pruneRules(given: Given): void {
  describe('retention', () => {
    it('removes what is over and arrived before a time, with all that was made of it, in steps', async () => {
      const old: Awaited<ReturnType<typeof acceptAndDeliver>>[] = [];
      for (let index = 0; index < 2 * LIMIT + 1; index++) old.push(await acceptAndDeliver(given, T0));
      const kept = await acceptAndDeliver(given, T0 + HOUR);
      expect(await pruneAll(given, T0 + HOUR)).toBe(old.length);
      expect((await given.store.listEvents({ limit: 100 })).map(({ id }) => id)).toEqual([
        only(kept.events).id,
      ]);
      expect(await given.store.listDeliveries({ limit: 100 })).toHaveLength(1);
      expect(await given.store.getWebhook(old[0]?.webhookId ?? 0)).toBeNull();
      expect(await given.store.getEvent(only(old[0]?.events ?? []).messageId)).toBeNull();
      expect(await given.store.getEvent(only(kept.events).messageId)).not.toBeNull();
      expect(await given.store.listSightings({ limit: 100 })).toHaveLength(1);
      expect(await pruneAll(given, T0 + HOUR)).toBe(0);
    });

    it('keeps what waits for conversion, for delivery or for a person, however old it is', async () => {
      const waiting = await accept(given.store, [event()]);
      const received = await putOne(given.store, { receivedAt: T0 });
      const quarantined = await putOne(given.store, { receivedAt: T0 });
      await given.store.saveConversions(
        [{ outcome: 'quarantined', webhookId: quarantined, reason: 'no_files', errors: [] }],
        T0,
      );
      expect(await pruneAll(given, T0 + HOUR)).toBe(0);
      for (const id of [waiting.webhookId, received, quarantined]) {
        expect(await given.store.getWebhook(id)).not.toBeNull();
      }
      await given.store.discardQuarantined([quarantined], 'nothing in it', T0);
      expect(await pruneAll(given, T0 + HOUR)).toBe(1);
      expect(await given.store.getWebhook(quarantined)).toBeNull();
      expect(await claim(given.store)).toHaveLength(1);
    });

    it('keeps a dead letter until it has been dead for so long, however long it waited before', async () => {
      const { webhookId } = await accept(given.store, [event()]);
      const resumed = T0 + 100 * HOUR;
      for (const claimed of await claim(given.store, resumed)) {
        await given.store.settle([dead(claimed, 'used up', { startedAt: resumed, duration: 0 })]);
      }
      expect(
        await given.store.prune({ before: resumed, after: 0, limit: LIMIT, dryRun: true }),
      ).toMatchObject({
        removed: 0,
      });
      expect(await pruneAll(given, resumed)).toBe(0);
      expect(await given.store.listDeliveries({ status: 'dead', limit: 1 })).toHaveLength(1);
      expect(await pruneAll(given, resumed + 1)).toBe(1);
      expect(await given.store.getWebhook(webhookId)).toBeNull();
    });

    it('can only tell what it would remove', async () => {
      for (let index = 0; index < LIMIT + 1; index++) await acceptAndDeliver(given, T0);
      const request = { before: T0 + HOUR, limit: LIMIT, dryRun: true };
      const first = await given.store.prune({ ...request, after: 0 });
      expect(first.removed).toBe(LIMIT);
      expect(await given.store.prune({ ...request, after: first.next ?? 0 })).toEqual({
        removed: 1,
        next: null,
      });
      expect(await given.store.listEvents({ limit: 100 })).toHaveLength(LIMIT + 1);
      expect(await given.store.listSightings({ limit: 100 })).toHaveLength(LIMIT + 1);
    });

    it('goes on with new webhooks, and takes for new what it has forgotten, after a restart as well', async () => {
      const files = [file('a')];
      await acceptAndDeliver(given, T0, event({ files }));
      await pruneAll(given, T0 + HOUR);
      const store = await given.reopen();
      const again = await accept(store, [event({ files })], { now: T0 + 2 * HOUR });
      expect(only(again.events)).toMatchObject({ duplicateOf: null, deliveries: 1 });
    });
  });
}
