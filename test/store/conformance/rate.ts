import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/store.js';
import type { Given } from '../conformance.js';
import { accept, claim, event, HOUR, LEASE, T0 } from '../samples.js';

const SECOND = { count: 10, per: 1_000 };

export function rateRules(given: Given): void {
  const claimRate = (store: Store, now: number, rate = SECOND, limit = 1_000) =>
    store.claimDeliveries({ destination: 'billing', limit, now, lease: LEASE, rate });
  const fill = (count: number) =>
    accept(given.store, [event({ destinations: Array<string>(count).fill('billing') })]);

  describe('a rate', () => {
    it('is kept exactly over time, with a burst of what accrues in 200 ms and one', async () => {
      await fill(200);
      const counts: number[] = [];
      for (let now = T0; now <= T0 + 10_000; now += 200) {
        counts.push((await claimRate(given.store, now)).length);
      }
      expect(counts[0]).toBe(3);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(103);
      expect(Math.max(...counts.slice(1))).toBe(2);
    });

    it('is one of all instances, and of those after a restart', async () => {
      await fill(100);
      const other = await given.beside();
      let total = 0;
      for (let now = T0; now < T0 + 5_000; now += 50) {
        const claims = await Promise.all([claimRate(given.store, now), claimRate(other, now)]);
        total += claims.flat().length;
      }
      const store = await given.reopen();
      for (let now = T0 + 5_000; now <= T0 + 6_000; now += 50) total += (await claimRate(store, now)).length;
      expect(total).toBe(63);
    });

    it('loses nothing where it allows less than one a poll', async () => {
      await fill(20);
      let total = 0;
      for (let now = T0; now <= T0 + 10_000; now += 190) {
        total += (await claimRate(given.store, now, { count: 1, per: 1_000 })).length;
      }
      expect(total).toBe(11);
    });

    it('counts what was given, not what was asked for', async () => {
      await fill(10);
      expect(await claimRate(given.store, T0, SECOND, 1)).toHaveLength(1);
      expect(await claimRate(given.store, T0, SECOND, 1)).toHaveLength(1);
      expect(await claimRate(given.store, T0)).toHaveLength(1);
      expect(await claimRate(given.store, T0)).toEqual([]);
      expect(await claimRate(given.store, T0 + 99)).toEqual([]);
      expect(await claimRate(given.store, T0 + 100)).toHaveLength(1);
    });

    it('holds nothing up once it is higher, or gone', async () => {
      await fill(10);
      await claimRate(given.store, T0, { count: 1, per: HOUR });
      expect(await claimRate(given.store, T0 + 50, { count: 1, per: HOUR })).toEqual([]);
      expect(await claimRate(given.store, T0 + 50, SECOND)).toHaveLength(3);
      expect(await claimRate(given.store, T0 + 51, SECOND)).toEqual([]);
      expect(await claim(given.store, T0 + 51)).toHaveLength(6);
    });
  });
}
