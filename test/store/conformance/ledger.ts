import { describe, expect, it } from 'vitest';
import type { SightingRow } from '../../../src/store/rows.js';
import type { Given } from '../conformance.js';
import {
  accept,
  converted,
  event,
  file,
  HOUR,
  ids,
  only,
  putOne,
  quarantined,
  T0,
  unique,
} from '../samples.js';

export function ledgerRules(given: Given): void {
  describe('the ledger', () => {
    /** Ten events with a file each, an hour apart. @returns the sightings' ids, the oldest first. */
    const tenSightings = async (): Promise<readonly number[]> => {
      for (let index = 0; index < 10; index += 1) {
        await accept(given.store, [event()], { now: T0 + index * HOUR });
      }
      return ids(await given.store.listSightings({ limit: 100 })).toReversed();
    };

    it('has each file of each event, repeats as well, the newest first', async () => {
      const [a, b] = [file('a', 'x'), file('b', 'y')];
      const legacy = await accept(given.store, [event({ files: [a, b] })]);
      const recent = await accept(given.store, [event({ files: [a] })], {
        now: T0 + HOUR,
        webhook: { format: 'new', source: 'other', receivedAt: T0 + HOUR - 5 },
      });
      const rows = await given.store.listSightings({ limit: 10 });
      const [first, second] = [only(legacy.events).id, only(recent.events).id];
      const seen = ({ id: _, ...row }: SightingRow) => row;
      const hex = ({ subject, digest }: typeof a) => ({
        subject: Buffer.from(subject).toString('hex'),
        digest: Buffer.from(digest).toString('hex'),
      });
      const old = { eventId: first, source: 'extracta', format: 'legacy', receivedAt: T0 };
      expect(rows.map(seen)).toEqual([
        { eventId: second, source: 'other', format: 'new', receivedAt: T0 + HOUR - 5, ...hex(a) },
        { ...old, ...hex(b) },
        { ...old, ...hex(a) },
      ]);
      expect(ids(rows)).toEqual([...ids(rows)].sort((one, other) => other - one));
    });

    it('is read page by page, without missing or repeating a row', async () => {
      const all = await tenSightings();
      const seen: number[] = [];
      for (let page = await given.store.listSightings({ limit: 3 }); page.length > 0; ) {
        expect(page.length).toBeLessThanOrEqual(3);
        seen.push(...ids(page));
        page = await given.store.listSightings({ limit: 3, before: seen.at(-1) ?? 0 });
      }
      expect(seen).toEqual(all.toReversed());
    });

    it('is read for a period: from inclusive, until exclusive, by when a file was seen', async () => {
      const all = await tenSightings();
      const between = async (since?: number, until?: number) => {
        const period = {
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        };
        const rows = await given.store.listSightings({ limit: 100, ...period });
        return ids(rows).map((id) => all.indexOf(id));
      };
      expect(await between(T0 + 7 * HOUR)).toEqual([9, 8, 7]);
      expect(await between(T0 + 7 * HOUR + 1)).toEqual([9, 8]);
      expect(await between(undefined, T0 + 2 * HOUR)).toEqual([1, 0]);
      expect(await between(T0 + 2 * HOUR, T0 + 4 * HOUR)).toEqual([3, 2]);
      expect(await between(T0 - HOUR, T0 + 99 * HOUR)).toHaveLength(10);
      expect(await between(T0 + 99 * HOUR)).toEqual([]);
      expect(await between(undefined, T0)).toEqual([]);
      const page = { limit: 1, before: all[3] ?? 0, since: T0 + HOUR };
      expect(ids(await given.store.listSightings(page))).toEqual([all[2]]);
    });

    it('sees a file of a quarantined webhook once that is converted', async () => {
      const id = await putOne(given.store, { receivedAt: T0 });
      await given.store.saveConversions([quarantined(id)], T0);
      expect(await given.store.listSightings({ limit: 10 })).toEqual([]);
      await given.store.saveConversions([converted(id, [event({ files: [file(unique('f'))] })])], T0 + HOUR);
      expect(await given.store.listSightings({ limit: 10, since: T0 + HOUR })).toMatchObject([
        { receivedAt: T0 },
      ]);
    });

    it('is empty at first, for any period', async () => {
      expect(await given.store.listSightings({ limit: 10 })).toEqual([]);
      expect(await given.store.listSightings({ limit: 10, since: T0, until: T0 + 1 })).toEqual([]);
    });
  });
}
