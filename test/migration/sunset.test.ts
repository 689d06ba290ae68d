import { describe, expect, it } from 'vitest';
import { createSunset } from '../../src/migration/sunset.js';
import type { Format } from '../../src/model.js';

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const came = (format: Format, receivedAt: number, source = 'extracta') => ({ source, format, receivedAt });
const seen = (format: Format, lastAt: number, source = 'extracta') => ({ source, format, lastAt });

describe('createSunset', () => {
  it('tells once that legacy traffic came back after a day of the new format alone', () => {
    const comebacksOf = createSunset([seen('legacy', NOW - 24 * HOUR), seen('new', NOW - HOUR)]);
    expect(comebacksOf([came('new', NOW)])).toEqual([]);
    expect(comebacksOf([came('legacy', NOW), came('legacy', NOW + 1)])).toEqual([
      { source: 'extracta', lastAt: NOW - 24 * HOUR },
    ]);
    expect(comebacksOf([came('legacy', NOW + 23 * HOUR)])).toEqual([]);
  });

  it('tells the next comeback again', () => {
    const comebacksOf = createSunset([]);
    expect(comebacksOf([came('legacy', NOW)])).toEqual([]);
    expect(comebacksOf([came('new', NOW + HOUR)])).toEqual([]);
    expect(comebacksOf([came('legacy', NOW + 24 * HOUR)])).toHaveLength(1);
    expect(comebacksOf([came('new', NOW + 25 * HOUR), came('legacy', NOW + 48 * HOUR)])).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof createSunset>[0]]>([
    ['the first that ever came', [seen('new', NOW - HOUR)]],
    ['less than a day has passed', [seen('legacy', NOW - 24 * HOUR + 1), seen('new', NOW - HOUR)]],
    ['all traffic paused', [seen('legacy', NOW - 72 * HOUR), seen('new', NOW - 72 * HOUR)]],
    ['the new format never came', [seen('legacy', NOW - 72 * HOUR)]],
    [
      'the new format of another source did',
      [seen('legacy', NOW - 72 * HOUR), seen('new', NOW - 1, 'other')],
    ],
  ])('says nothing where it is no comeback: %s', (_name, before) => {
    expect(createSunset(before)([came('legacy', NOW)])).toEqual([]);
  });

  it('takes several secrets of a source together', () => {
    const before = [seen('legacy', NOW - HOUR), seen('legacy', NOW - 72 * HOUR), seen('new', NOW - 1)];
    expect(createSunset(before)([came('legacy', NOW)])).toEqual([]);
  });
});
