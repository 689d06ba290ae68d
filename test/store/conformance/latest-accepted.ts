import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/store.js';
import type { Given } from '../conformance.js';
import { accept, event, file, HOUR, only, T0 } from '../samples.js';

/** As two events, `processed` and `edited`. */
const subjects = (name: string) => [file(name).subject, file(`${name} edited`).subject];
const digest = (content: string) => file('', content).digest;

export function latestAcceptedRules(given: Given): void {
  const latest = async (store: Store, ...names: readonly string[]) =>
    (await store.latestAccepted(names.map(subjects))).map(
      (result) => result && { subject: result.subject, digest: new Uint8Array(result.digest) },
    );

  describe('the result that was accepted last', () => {
    it('is told of each file in the order asked, as which of its subjects, however long ago', async () => {
      await accept(given.store, [event({ files: [file('a', 'one'), file('b', 'one')] })], { now: T0 });
      await accept(given.store, [event({ files: [file('a edited', 'two')] })], { now: T0 + HOUR });
      const expected = [{ subject: 0, digest: digest('one') }, null, { subject: 1, digest: digest('two') }];
      expect(await latest(given.store, 'b', 'unheard of', 'a')).toEqual(expected);
      expect(await latest(await given.reopen(), 'b', 'unheard of', 'a')).toEqual(expected);
      expect(await latest(given.store)).toEqual([]);
    });

    it('is the latest by the order of saving, within one batch as well', async () => {
      await accept(given.store, [
        event({ files: [file('a edited', 'one')] }),
        event({ files: [file('a', 'two')] }),
        event({ files: [file('a edited', 'three')] }),
      ]);
      expect(await latest(given.store, 'a')).toEqual([{ subject: 1, digest: digest('three') }]);
      await accept(given.store, [event({ files: [file('a', 'four')] })], { now: T0 - HOUR });
      expect(await latest(given.store, 'a')).toEqual([{ subject: 0, digest: digest('four') }]);
    });

    it('is told with when its webhook arrived, not when it was accepted', async () => {
      const arrived = async () => only(await given.store.latestAccepted([subjects('a')]))?.arrivedAt;
      const late = { now: T0 + HOUR, webhook: { receivedAt: T0 - HOUR } };
      await accept(given.store, [event({ files: [file('a', 'one')] })], late);
      expect(await arrived()).toBe(T0 - HOUR);
      await accept(given.store, [event({ files: [file('a edited', 'two')] })]);
      expect(await arrived()).toBe(T0);
      await given.reopen();
      expect(await arrived()).toBe(T0);
    });

    it('is not that of a duplicate', async () => {
      await accept(given.store, [event({ files: [file('a', 'one')] })]);
      await accept(given.store, [event({ files: [file('a edited', 'two')] })]);
      await accept(given.store, [event({ files: [file('a', 'one')] })]);
      expect(await latest(given.store, 'a')).toEqual([{ subject: 1, digest: digest('two') }]);
    });

    it('is found among very many', async () => {
      await accept(given.store, [event({ files: [file('a', 'one'), file('b', 'one')] })]);
      const many = Array.from({ length: 70_000 }, (_, index) => file(`other ${index}`));
      await accept(given.store, [event({ files: many })]);
      await accept(given.store, [event({ files: [file('b edited', 'two')] })]);
      expect(await latest(given.store, 'a', 'b', 'other 0', 'other 69999', 'none')).toEqual([
        { subject: 0, digest: digest('one') },
        { subject: 1, digest: digest('two') },
        { subject: 0, digest: digest('content') },
        { subject: 0, digest: digest('content') },
        null,
      ]);
      await accept(given.store, [event({ files: [file('a', 'three')] })]);
      expect(await latest(given.store, 'a')).toEqual([{ subject: 0, digest: digest('three') }]);
    });
  });
}
