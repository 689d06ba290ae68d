import { describe, expect, it } from 'vitest';
import { REFUSED, type RefusedOfSource, type RefusedSample } from '../../../src/store/refused.js';
import type { Given } from '../conformance.js';
import { claimWebhooks, HOUR, only, T0, webhook } from '../samples.js';

const DAY = 24 * HOUR;
const TODAY = T0 - (T0 % DAY);

const sample = (more: Partial<RefusedSample> = {}): RefusedSample => ({
  receivedAt: T0,
  reason: 'wrong_signature',
  address: '203.0.113.9',
  path: '/webhook',
  size: 15,
  wellFormed: true,
  request: null,
  ...more,
});

const kept = (more: Partial<RefusedSample> = {}): RefusedSample =>
  sample({ request: { body: '{"result":"[]"}', signature: 'c2ln' }, ...more });

const of = (source: string, more: Partial<RefusedOfSource> = {}): RefusedOfSource => ({
  source,
  keep: 10,
  counts: [],
  samples: [],
  ...more,
});

const counted = (count: number, more: Partial<RefusedOfSource['counts'][number]> = {}) => ({
  day: TODAY,
  reason: 'wrong_signature' as const,
  count,
  ...more,
});

export function refusedRules(given: Given): void {
  const list = (more: object = {}) => given.store.listRefused({ limit: 10_000, ...more });
  const record = (...batch: readonly RefusedOfSource[]) => given.store.recordRefused(batch);

  describe('what was refused for its signature', () => {
    it('is nothing at first', async () => {
      await record();
      await record(of('extracta'));
      expect([await list(), await given.store.refusedCounts()]).toEqual([[], []]);
    });

    it('is counted by source, day and reason, over a restart', async () => {
      await record(
        of('b', { counts: [counted(2), counted(1, { reason: 'no_signature' })] }),
        of('a', { counts: [counted(5)] }),
      );
      const store = await given.reopen();
      await store.recordRefused([of('b', { counts: [counted(3), counted(7, { day: TODAY - DAY })] })]);
      expect(await store.refusedCounts()).toEqual([
        { source: 'a', ...counted(5) },
        { source: 'b', ...counted(1, { reason: 'no_signature' }) },
        { source: 'b', ...counted(5) },
        { source: 'b', ...counted(7, { day: TODAY - DAY }) },
      ]);
    });

    it('is counted for a while and then forgotten', async () => {
      const old = TODAY - REFUSED.counted;
      await record(of('a', { counts: [counted(1, { day: old - DAY }), counted(1, { day: old })] }));
      await record(of('a', { counts: [counted(1)] }));
      expect((await given.store.refusedCounts()).map(({ day }) => day)).toEqual([TODAY, old]);
    });

    it('is listed, the newest first, page by page, and told in full', async () => {
      const request = { body: '{"result":"é \0"}', signature: 'c2ln' };
      const samples = [
        sample({ reason: 'no_signature', wellFormed: null, size: 9_999_999 }),
        sample({ receivedAt: T0 + 1, wellFormed: false, request, path: '/%00' }),
      ];
      await record(of('a', { samples }), of('b', { samples: [sample()] }));
      await given.reopen();
      const all = await list();
      expect(all.map(({ id: _id, ...row }) => row)).toEqual(
        [
          { source: 'b', ...sample(), kept: false },
          { source: 'a', ...samples[1], kept: true },
          { source: 'a', ...samples[0], kept: false },
        ].map(({ request: _request, ...row }) => row),
      );
      const [b, second, first] = all;
      expect(await list({ limit: 2 })).toEqual([b, second]);
      expect(await list({ before: second?.id })).toEqual([first]);
      expect(await list({ source: 'b' })).toEqual([b]);
      expect(await list({ kept: true })).toEqual([second]);
      expect(await given.store.getRefused(second?.id ?? 0)).toEqual({ ...second, request });
      expect(await given.store.getRefused(first?.id ?? 0)).toEqual({ ...first, request: null });
      expect(await given.store.getRefused(999)).toBeNull();
    });

    it('stays as samples in so many newest ones of each source', async () => {
      const many = (count: number, one: typeof sample) =>
        Array.from({ length: count }, (_, index) => one({ receivedAt: T0 + index }));
      await record(of('other', { samples: [sample(), kept()] }));
      await record(of('a', { keep: 3, samples: many(REFUSED.bare + 5, sample) }));
      await record(of('a', { keep: 3, samples: many(5, kept) }));
      const bare = (await list({ source: 'a' })).filter((row) => !row.kept);
      expect(bare).toHaveLength(REFUSED.bare);
      expect(bare.at(-1)?.receivedAt).toBe(T0 + 5);
      expect((await list({ source: 'a', kept: true })).map(({ receivedAt }) => receivedAt)).toEqual([
        T0 + 4,
        T0 + 3,
        T0 + 2,
      ]);
      await record(of('a', { keep: 0, samples: [sample()] }));
      expect(await list({ source: 'a', kept: true })).toEqual([]);
      expect(await list({ source: 'other' })).toHaveLength(2);
    });

    it('stays with bodies of so many bytes in all', async () => {
      const size = REFUSED.bytes / 4;
      const samples = Array.from({ length: 4 }, (_, index) => kept({ size, receivedAt: T0 + index }));
      await record(of('a', { samples }));
      expect(await list()).toHaveLength(4);
      await record(of('b', { samples: [kept({ size: 1, receivedAt: T0 + 9 }), sample({ size })] }));
      expect((await list({ kept: true })).map(({ receivedAt }) => receivedAt)).toEqual([
        T0 + 9,
        T0 + 3,
        T0 + 2,
        T0 + 1,
      ]);
      expect(await list({ source: 'b' })).toHaveLength(2);
    });

    it('goes with retention, but for its counts', async () => {
      await record(of('a', { counts: [counted(2)], samples: [kept(), kept({ receivedAt: T0 + HOUR })] }));
      await given.store.prune({ before: T0 + HOUR, after: 0, limit: 10 });
      expect(only(await list()).receivedAt).toBe(T0 + HOUR);
      expect(await given.store.refusedCounts()).toHaveLength(1);
    });
  });

  describe('what was refused and is verified after all', () => {
    it('is stored as a webhook and waits for conversion, and is no sample any more', async () => {
      await record(of('extracta', { samples: [kept(), kept(), kept()] }));
      const [third, second, first] = await list();
      const later = webhook({ receivedAt: T0 - HOUR, secretIndex: 1 });
      const ids = await given.store.acceptRefused([
        { id: first?.id ?? 0, webhook: later },
        { id: 999, webhook: webhook() },
        { id: third?.id ?? 0, webhook: webhook() },
      ]);
      expect(ids).toEqual([expect.any(Number), null, expect.any(Number)]);
      expect(await list()).toEqual([second]);
      const waiting = await claimWebhooks(given.store);
      expect(waiting).toEqual([
        { id: ids[0], ...later },
        { id: ids[2], ...webhook() },
      ]);
      expect(await given.store.lastSeen()).toHaveLength(2);
    });

    it('is stored once, however often it is asked for', async () => {
      await record(of('extracta', { samples: [kept()] }));
      const { id } = only(await list());
      const twice = [1, 2].map(() => given.store.acceptRefused([{ id, webhook: webhook() }]));
      expect((await Promise.all(twice)).flat().filter((each) => each !== null)).toHaveLength(1);
      expect(await given.store.acceptRefused([{ id, webhook: webhook() }])).toEqual([null]);
      expect(await claimWebhooks(given.store)).toHaveLength(1);
    });
  });
}
