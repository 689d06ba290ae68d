import { describe, expect, it } from 'vitest';
import { driftOf } from '../../src/migration/drift.js';
import type { SeenField } from '../../src/store/rows.js';

const DAY = 86_400_000;
const NOW = 100 * DAY;
const WINDOW = 7 * DAY;
/** A result every hour for a hundred days. */
const total = { firstAt: 0, lastAt: NOW, count: 2_400 };

const field = (path: string, firstAt: number, lastAt: number, count: number): SeenField => ({
  path,
  firstAt,
  lastAt,
  count,
});
const usual = field('total', 0, NOW, 2_400);

describe('driftOf', () => {
  it('says nothing where all is as ever', () => {
    expect(driftOf([usual], total, NOW, WINDOW)).toEqual([]);
    expect(driftOf([], total, NOW, WINDOW)).toEqual([]);
  });

  it('tells a field that came for the first time, until it is no news any more', () => {
    const fresh = field('vat', 95 * DAY, NOW, 120);
    expect(driftOf([usual, fresh], total, NOW, WINDOW)).toEqual([
      { path: 'vat', kind: 'new', at: 95 * DAY, count: 120 },
    ]);
    expect(driftOf([usual, fresh], { ...total, lastAt: NOW + 3 * DAY }, NOW + 3 * DAY, WINDOW)).toEqual([]);
  });

  it('takes nothing for new in an extraction that is new itself, or was hardly seen before', () => {
    const fresh = field('vat', 95 * DAY, NOW, 120);
    expect(driftOf([fresh], { ...total, firstAt: 94 * DAY }, NOW, WINDOW)).toEqual([]);
    expect(driftOf([fresh], { ...total, count: 125 }, NOW, WINDOW)).toEqual([]);
  });

  it('tells a field that the extraction goes on without', () => {
    const gone = field('vat', 0, 90 * DAY, 2_160);
    expect(driftOf([usual, gone], total, NOW, WINDOW)).toEqual([
      { path: 'vat', kind: 'vanished', at: 90 * DAY, count: 2_160 },
    ]);
    expect(driftOf([field('vat', 0, 94 * DAY, 2_256)], total, NOW, WINDOW)).toEqual([]);
  });

  it('misses no field where nothing comes at all', () => {
    const [was, stopped] = [field('vat', 0, 90 * DAY, 2_160), { ...total, lastAt: 91 * DAY }];
    expect(driftOf([was], stopped, NOW, WINDOW)).toEqual([]);
  });

  it('misses no field that was always rare', () => {
    expect(driftOf([field('note', 0, 88 * DAY, 12)], total, NOW, WINDOW)).toEqual([]);
    expect(driftOf([field('note', 0, 10 * DAY, 2)], total, NOW, WINDOW)).toEqual([]);
    expect(driftOf([field('note', 0, 10 * DAY, 12)], total, NOW, WINDOW)).toHaveLength(1);
  });

  it('tells the outermost alone of fields within one another', () => {
    const gone = (path: string) => field(path, 0, 90 * DAY, 2_160);
    const paths = ['items', 'items[].price', 'items[].tax.rate', 'itemsTotal', 'a.b', 'a.b["c.d"]', '[].x'];
    expect(driftOf(paths.map(gone), total, NOW, WINDOW).map(({ path }) => path)).toEqual([
      '[].x',
      'a.b',
      'items',
      'itemsTotal',
    ]);
  });
});
