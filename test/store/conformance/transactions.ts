import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import type { NewWebhook, Verified } from '../../../src/model.js';
import type { Given } from '../conformance.js';
import {
  accept,
  claim,
  claimWebhooks,
  converted,
  delivered,
  event,
  file,
  only,
  putOne,
  T0,
  webhook,
  webhooks,
} from '../samples.js';

/** What no store can take. */
const impossible = { ...webhook(), source: null } as unknown as Verified<NewWebhook>;

export function transactionRules(given: Given): void {
  describe('transactions', () => {
    it('takes many verbs at once, each with its own result', async () => {
      const before = await given.store.putWebhooks(webhooks(20));
      await accept(given.store);
      const [put, saved, claimed, list] = await Promise.all([
        Promise.all(webhooks(50).map(async (one) => only(await given.store.putWebhooks([one])))),
        Promise.all(before.map((id) => given.store.saveConversions([converted(id)], T0))),
        claim(given.store),
        given.store.listEvents({ limit: 1 }),
        given.store.ping(T0),
      ]);
      expect(new Set(put).size).toBe(50);
      expect(saved.every((one) => only(one).applied)).toBe(true);
      expect(claimed.length).toBeGreaterThan(0);
      expect(list).toHaveLength(1);
      const store = await given.reopen();
      expect(await claimWebhooks(store)).toHaveLength(50);
    });

    it('undoes a verb that fails, whole, and it alone', async () => {
      const waiting = await putOne(given.store);
      const results = await Promise.allSettled([
        given.store.putWebhooks([webhook()]),
        given.store.putWebhooks([webhook(), impossible, webhook()]),
        given.store.saveConversions([converted(waiting)], T0),
        given.store.putWebhooks([webhook()]),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect(results[1]).toMatchObject({ reason: expect.any(StoreError) });
      const store = await given.reopen();
      expect(await claimWebhooks(store)).toHaveLength(2);
      expect(await store.listEvents({ limit: 10 })).toHaveLength(1);
    });

    it('forgets what was undone: content of a conversion that failed is no duplicate', async () => {
      const id = await putOne(given.store);
      const files = [file('a')];
      const broken = event({ files, messageId: null as unknown as string });
      await expect(given.store.saveConversions([converted(id, [broken])], T0)).rejects.toThrow(StoreError);
      const saved = only(await given.store.saveConversions([converted(id, [event({ files })])], T0));
      expect(saved).toMatchObject({ applied: true, events: [{ duplicateOf: null, deliveries: 1 }] });
    });

    it('proves that writes are possible', async () => {
      await given.store.ping(T0);
      await given.store.ping(T0 + 1);
    });

    it('finishes what was asked for before it closes, and takes nothing after', async () => {
      await accept(given.store);
      const { store } = given;
      const asked = Promise.all([store.putWebhooks([webhook()]), claim(store)]);
      const again = await given.reopen();
      const [[id], claimed] = await asked;
      expect(await again.getWebhook(id ?? 0)).toMatchObject({ state: 'received' });
      expect(claimed).toHaveLength(1);
      await expect(store.putWebhooks([webhook()])).rejects.toThrow(StoreError);
      await expect(store.listEvents({ limit: 1 })).rejects.toThrow(StoreError);
      await expect(store.settle([delivered({ id: 1, fence: 1 })])).rejects.toThrow(StoreError);
      await store.close();
    });
  });
}
