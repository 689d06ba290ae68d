import { describe, expect, it } from 'vitest';
import type { ExtractionFields } from '../../../src/store/rows.js';
import type { Given } from '../conformance.js';
import { only, T0 } from '../samples.js';

const seen = (
  extractionId: string,
  at: number,
  paths: readonly string[],
  more: Partial<ExtractionFields> = {},
): ExtractionFields => ({
  source: 'extracta',
  extractionId,
  firstAt: at,
  lastAt: at,
  count: 1,
  fields: paths.map((path) => ({ path, firstAt: at, lastAt: at, count: 1 })),
  ...more,
});

export function fieldRules(given: Given): void {
  const list = (limit = 2_000, after?: number) =>
    given.store.listFields({ limit, ...(after === undefined ? {} : { after }) });

  describe('fields that were seen', () => {
    it('add up, for each source and extraction', async () => {
      await given.store.recordFields([seen('inv', T0, ['a', 'b.c']), seen('rec', T0, ['a'])]);
      await given.store.recordFields([
        seen('inv', T0 + 5, ['a', 'd✓\0'], { count: 3, lastAt: T0 + 9 }),
        seen('inv', T0, [], { source: 'other' }),
      ]);
      const store = await given.reopen();
      const all = await store.listFields({ limit: 10 });
      expect(all.map(({ id: _id, ...one }) => one)).toEqual([
        {
          source: 'extracta',
          extractionId: 'inv',
          firstAt: T0,
          lastAt: T0 + 9,
          count: 4,
          fields: [
            { path: 'a', firstAt: T0, lastAt: T0 + 5, count: 2 },
            { path: 'b.c', firstAt: T0, lastAt: T0, count: 1 },
            { path: 'd✓\0', firstAt: T0 + 5, lastAt: T0 + 5, count: 1 },
          ].sort((one, other) => (one.path < other.path ? -1 : 1)),
        },
        expect.objectContaining({ extractionId: 'rec', count: 1 }),
        expect.objectContaining({ source: 'other', extractionId: 'inv', fields: [] }),
      ]);
    });

    it('come page by page', async () => {
      await given.store.recordFields(['a', 'b', 'c'].map((id) => seen(id, T0, ['x'])));
      const first = await list(2);
      const second = await list(2, first.at(-1)?.id);
      expect([...first, ...second].map(({ extractionId }) => extractionId)).toEqual(['a', 'b', 'c']);
    });

    it('are 500 of an extraction at the most, the first ones, which go on counting', async () => {
      const paths = Array.from({ length: 600 }, (_, index) => `p${String(index).padStart(3, '0')}`);
      await given.store.recordFields([seen('inv', T0, paths)]);
      await given.store.recordFields([seen('inv', T0 + 1, ['zzz', 'p000'])]);
      const { fields } = only(await list());
      expect(fields).toHaveLength(500);
      expect(fields[0]).toEqual({ path: 'p000', firstAt: T0, lastAt: T0 + 1, count: 2 });
      expect(fields.at(-1)?.path).toBe('p499');
    });

    it('are kept of the 1000 extractions that were seen last', async () => {
      const many = Array.from({ length: 1_000 }, (_, index) => seen(`e${index}`, T0 + index, ['a']));
      await given.store.recordFields(many);
      await given.store.recordFields([seen('e0', T0 + 2_000, ['a']), seen('new', T0 + 2_000, ['a'])]);
      const kept = (await list()).map(({ extractionId }) => extractionId);
      expect(kept).toHaveLength(1_000);
      expect(kept).toEqual(expect.arrayContaining(['e0', 'e2', 'new']));
      expect(kept).not.toContain('e1');
    });
  });
}
