import { describe, expect, it } from 'vitest';
import type { Given } from '../conformance.js';
import { accept, claim, delivered, event, HOUR, ids, LEASE, only, released, retry, T0 } from '../samples.js';

export function holdRules(given: Given): void {
  const pause = (more: { readonly reason?: 'operator' | '410'; readonly note?: string | null } = {}) =>
    given.store.pauseDestination({
      destination: 'billing',
      reason: 'operator',
      note: null,
      now: T0,
      ...more,
    });
  const open = (until: number) =>
    given.store.openBreaker({ destination: 'billing', until, reason: '10 failures' });
  const stateOf = async (destination = 'billing') =>
    (await given.store.destinationStates()).find((state) => state.destination === destination);

  describe('a pause', () => {
    it('holds one destination, with its reason, over a restart', async () => {
      await accept(given.store, [event({ destinations: ['billing', 'other'] })]);
      expect(await pause({ note: 'they move house\0漢' })).toBe(true);
      const store = await given.reopen();
      expect(await claim(store, T0 + HOUR)).toEqual([]);
      expect(await claim(store, T0, 'other')).toHaveLength(1);
      expect(await store.destinationStates()).toEqual([
        {
          destination: 'billing',
          paused: { at: T0, reason: 'operator', note: 'they move house\0漢' },
          openUntil: null,
          openReason: null,
        },
      ]);
    });

    it('stays as it was where it is paused again', async () => {
      await pause({ note: 'first' });
      expect(await pause({ reason: '410', note: 'second' })).toBe(false);
      expect((await stateOf())?.paused).toEqual({ at: T0, reason: 'operator', note: 'first' });
    });

    it('lets what was claimed before it be settled', async () => {
      await accept(given.store);
      const claimed = only(await claim(given.store));
      await pause();
      expect(await given.store.settle([delivered(claimed)])).toEqual([true]);
    });

    it('ends with all that waits in line: in the order of arrival, at once', async () => {
      for (const now of [T0, T0 + 1, T0 + 2]) await accept(given.store, [event()], { now });
      const tried = await claim(given.store, T0 + 2, 'billing', 1);
      await given.store.settle(tried.map((one) => retry(one, T0 + HOUR)));
      await pause({ reason: '410' });
      expect(await given.store.resumeDestination('billing', T0 + 5)).toBe(true);
      expect(await given.store.resumeDestination('billing', T0 + 5)).toBe(false);
      const claimed = await claim(given.store, T0 + 5);
      expect(claimed.map(({ receivedAt }) => receivedAt)).toEqual([T0, T0 + 1, T0 + 2]);
      expect((await stateOf())?.paused).toBeNull();
    });
  });

  describe('a breaker', () => {
    it('lets nothing through before its time, and then one delivery, marked, for as long as its lease', async () => {
      for (let count = 0; count < 3; count += 1) await accept(given.store);
      await open(T0 + 1_000);
      expect(await claim(given.store, T0 + 999)).toEqual([]);
      const probe = only(await claim(given.store, T0 + 1_000));
      expect(probe.probe).toBe(true);
      expect(await stateOf()).toMatchObject({ openUntil: T0 + 1_000 + LEASE, openReason: '10 failures' });
      expect(await claim(given.store, T0 + 1_000 + LEASE - 1)).toEqual([]);
      // It was lost with its instance: the next one is tried.
      expect(await claim(given.store, T0 + 1_000 + LEASE)).toHaveLength(1);
    });

    it('keeps its time over a restart, and is closed by a word', async () => {
      await accept(given.store);
      await accept(given.store);
      await open(T0 + 1_000);
      const store = await given.reopen();
      expect(await claim(store, T0)).toEqual([]);
      expect(await store.closeBreaker('billing')).toBe(true);
      expect(await store.closeBreaker('billing')).toBe(false);
      const claimed = await claim(store, T0);
      expect(claimed.map(({ probe }) => probe)).toEqual([false, false]);
      expect((await store.destinationStates())[0]).toMatchObject({ openUntil: null, openReason: null });
    });

    it('can be opened again, by a probe that failed, and for longer', async () => {
      await accept(given.store);
      await open(T0);
      const probe = only(await claim(given.store, T0));
      await Promise.all([given.store.settle([retry(probe, T0 + 1)]), open(T0 + 500)]);
      expect(await claim(given.store, T0 + 499)).toEqual([]);
      expect(ids(await claim(given.store, T0 + 500))).toEqual([probe.id]);
    });

    it('spends no probe where nothing is due', async () => {
      await open(T0);
      expect(await claim(given.store, T0 + 5)).toEqual([]);
      expect((await stateOf())?.openUntil).toBe(T0);
      await accept(given.store);
      expect(only(await claim(given.store, T0 + 5)).probe).toBe(true);
    });

    it('gives one probe to two instances', async () => {
      const other = await given.beside();
      for (let round = 0; round < 20; round += 1) {
        const now = T0 + round * HOUR;
        await accept(given.store, [event()], { now });
        await accept(given.store, [event()], { now });
        await open(now);
        const claims = await Promise.all([claim(given.store, now), claim(other, now)]);
        const probe = only(claims.flat());
        expect(probe.probe).toBe(true);
        await given.store.settle([delivered(probe)]);
      }
    });

    it('tries at once where a person resumes the destination', async () => {
      await accept(given.store);
      await accept(given.store);
      await open(T0 + HOUR);
      expect(await given.store.resumeDestination('billing', T0 + 1)).toBe(true);
      expect(only(await claim(given.store, T0 + 1)).probe).toBe(true);
    });

    it('is seen by another instance at once, as a pause is', async () => {
      const other = await given.beside();
      await accept(given.store);
      await other.openBreaker({ destination: 'billing', until: T0 + 1, reason: 'theirs' });
      expect(await claim(given.store, T0)).toEqual([]);
      await other.closeBreaker('billing');
      await other.pauseDestination({ destination: 'billing', reason: 'operator', note: null, now: T0 });
      expect(await claim(given.store, T0)).toEqual([]);
      await other.resumeDestination('billing', T0);
      const claimed = only(await claim(given.store, T0));
      expect(await given.store.settle([released(claimed)])).toEqual([true]);
    });
  });

  it('tells the states of destinations by name, none at first', async () => {
    expect(await given.store.destinationStates()).toEqual([]);
    for (const destination of ['b', 'a']) {
      await given.store.openBreaker({ destination, until: T0, reason: 'x' });
    }
    expect((await given.store.destinationStates()).map(({ destination }) => destination)).toEqual(['a', 'b']);
  });
}
