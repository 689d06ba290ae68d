import { describe, expect, it } from 'vitest';
import type { Conversion, FileBasis, LatestResult } from '../../../src/model.js';
import type { Given } from '../conformance.js';
import {
  accept,
  claimWebhooks,
  converted,
  event,
  file,
  HOUR,
  ids,
  LEASE,
  only,
  putOne,
  quarantined,
  T0,
} from '../samples.js';

/** As two events, `processed` and `edited`. */
const subjects = (name: string) => [file(name).subject, file(`${name} edited`).subject];
const result = (subject: number, content: string): LatestResult => ({
  subject,
  digest: file('', content).digest,
});
/** @param latest undefined: nothing was inferred from the file */
const basis = (name: string, latest?: LatestResult | null): FileBasis => ({
  subjects: subjects(name),
  ...(latest === undefined ? {} : { latest }),
});
const processed = (name: string, content: string) => event({ files: [file(name, content)] });
const edited = (name: string, content: string) => event({ files: [file(`${name} edited`, content)] });

function inferred(
  webhookId: number,
  events: Parameters<typeof converted>[1],
  ...from: readonly FileBasis[]
): Conversion {
  const conversion = converted(webhookId, events);
  return conversion.outcome === 'converted' ? { ...conversion, basis: from } : conversion;
}

export function basisRules(given: Given): void {
  const count = async () => (await given.store.listEvents({ limit: 100 })).length;
  const save = async (...batch: readonly Conversion[]) =>
    (await given.store.saveConversions(batch, T0)).map(({ applied, stale }) =>
      applied ? 'saved' : stale === true ? 'stale' : 'gone',
    );

  describe('what a conversion was inferred from', () => {
    it('is refused where it is no longer so: nothing is saved, and the webhook waits as before', async () => {
      const { store } = given;
      await accept(store, [processed('a', 'one')]);
      const id = await putOne(store);
      expect(ids(await claimWebhooks(store))).toEqual([id]);
      const stale = inferred(id, [processed('a', 'two')], basis('a', null));
      expect(await store.saveConversions([stale], T0)).toEqual([
        { webhookId: id, applied: false, stale: true, events: [] },
      ]);
      expect(await count()).toBe(1);
      expect(await store.listDeliveries({ limit: 10 })).toHaveLength(1);
      expect(await store.listSightings({ limit: 10 })).toHaveLength(1);
      expect((await store.getWebhook(id))?.state).toBe('received');
      expect(await claimWebhooks(store, T0 + LEASE - 1)).toEqual([]);
      expect(ids(await claimWebhooks(store, T0 + LEASE))).toEqual([id]);
      const now = inferred(id, [edited('a', 'two')], basis('a', result(0, 'one')));
      expect(await save(now)).toEqual(['saved']);
      expect(await save(now)).toEqual(['gone']);
      expect(await count()).toBe(2);
      expect(await claimWebhooks(store, T0 + HOUR)).toEqual([]);
    });

    it('is refused as well where only the event or only the result is another', async () => {
      await accept(given.store, [processed('a', 'one')]);
      const id = await putOne(given.store);
      const from = (latest?: LatestResult | null) => inferred(id, [edited('a', 'two')], basis('a', latest));
      expect(await save(from(result(1, 'one')))).toEqual(['stale']);
      expect(await save(from(result(0, 'two')))).toEqual(['stale']);
      expect(await save(from(result(0, 'one')))).toEqual(['saved']);
    });

    it('does not matter of a file that nothing was inferred from', async () => {
      await accept(given.store, [processed('a', 'one')]);
      expect(await save(inferred(await putOne(given.store), [edited('a', 'two')], basis('a')))).toEqual([
        'saved',
      ]);
    });

    it('has to hold of every file', async () => {
      await accept(given.store, [processed('a', 'one')]);
      const id = await putOne(given.store);
      const events = [processed('b', 'one'), edited('a', 'two')];
      expect(await save(inferred(id, events, basis('b', null), basis('a', null)))).toEqual(['stale']);
      expect(await save(inferred(id, events, basis('b', null), basis('a', result(0, 'one'))))).toEqual([
        'saved',
      ]);
    });

    it('is what was saved before it in the same batch', async () => {
      const [one, two, three] = [
        await putOne(given.store),
        await putOne(given.store),
        await putOne(given.store),
      ];
      const batch = [
        inferred(one, [processed('a', 'one')], basis('a', null)),
        inferred(two, [edited('a', 'two')], basis('a', result(0, 'one'))),
        inferred(three, [edited('a', 'three')], basis('a', result(1, 'two'))),
      ];
      expect(await save(...batch)).toEqual(['saved', 'saved', 'saved']);
    });

    it('is not what was refused, or repeated another, in the same batch', async () => {
      await accept(given.store, [processed('a', 'one')]);
      await accept(given.store, [edited('a', 'two')]);
      const [one, two, three, four] = [
        await putOne(given.store),
        await putOne(given.store),
        await putOne(given.store),
        await putOne(given.store),
      ];
      const batch = [
        inferred(one, [processed('a', 'one')], basis('a')),
        inferred(two, [edited('a', 'three')], basis('a', result(0, 'one'))),
        inferred(three, [edited('a', 'four')], basis('a', result(1, 'three'))),
        inferred(four, [processed('b', 'one')], basis('b', null)),
      ];
      expect(await save(...batch)).toEqual(['saved', 'stale', 'stale', 'saved']);
      expect(await count()).toBe(4);
      const again = inferred(two, [edited('a', 'three')], basis('a', result(1, 'two')));
      expect(await save(again, batch[2] ?? again)).toEqual(['saved', 'saved']);
    });

    it('leaves what is in quarantine there', async () => {
      const id = await putOne(given.store);
      await given.store.saveConversions([quarantined(id, 'no_files', ['why'])], T0);
      await accept(given.store, [processed('a', 'one')]);
      expect(await save(inferred(id, [processed('a', 'two')], basis('a', null)))).toEqual(['stale']);
      expect(only(await given.store.listQuarantine({ limit: 10 }))).toMatchObject({ id, errors: ['why'] });
      expect(await save(inferred(id, [edited('a', 'two')], basis('a', result(0, 'one'))))).toEqual(['saved']);
      expect(await given.store.listQuarantine({ limit: 10 })).toEqual([]);
    });

    it('may be quarantined meanwhile, as may the rest of its batch', async () => {
      const [bad, good] = [await putOne(given.store), await putOne(given.store)];
      expect(await save(quarantined(bad), inferred(good, [processed('a', 'one')], basis('a', null)))).toEqual(
        ['saved', 'saved'],
      );
      expect(await save(quarantined(bad), inferred(good, [], basis('a', null)))).toEqual(['saved', 'gone']);
      expect(only(await given.store.listQuarantine({ limit: 10 })).id).toBe(bad);
    });

    it('is told by what another process saved, within its transaction', async () => {
      const other = await given.beside();
      const id = await putOne(given.store);
      expect(await given.store.latestAccepted([subjects('a')])).toEqual([null]);
      await accept(other, [processed('a', 'one')]);
      expect(await save(inferred(id, [processed('a', 'two')], basis('a', null)))).toEqual(['stale']);
    });

    it('lets one alone win of two that are saved at the same moment', async () => {
      const other = await given.beside();
      for (let round = 0; round < 20; round++) {
        const name = `f${round}`;
        const [one, two] = [await putOne(given.store), await putOne(other)];
        const saved = await Promise.all([
          given.store.saveConversions([inferred(one, [processed(name, 'one')], basis(name, null))], T0),
          other.saveConversions([inferred(two, [processed(name, 'two')], basis(name, null))], T0),
        ]);
        expect(saved.map((each) => only(each).applied).toSorted()).toEqual([false, true]);
      }
    });

    it('waits for a result of the file that was not inferred itself', async () => {
      const other = await given.beside();
      for (let round = 0; round < 20; round++) {
        const name = `f${round}`;
        const [one, two] = [await putOne(given.store), await putOne(other)];
        const [legacy, modern] = await Promise.all([
          given.store.saveConversions([inferred(one, [processed(name, 'one')], basis(name, null))], T0),
          other.saveConversions([inferred(two, [processed(name, 'two')], basis(name))], T0),
        ]);
        expect(only(modern).applied).toBe(true);
        expect(only(legacy).applied || only(legacy).stale).toBe(true);
        // Where both were saved, the inferred one was the first: else it would have seen the other.
        const latest = only(await given.store.latestAccepted([subjects(name)]));
        expect(new Uint8Array(latest?.digest ?? [])).toEqual(file('', 'two').digest);
      }
    });
  });
}
