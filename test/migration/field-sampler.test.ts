import { describe, expect, it } from 'vitest';
import { createFieldSampler } from '../../src/migration/field-sampler.js';

const event = (extractionId: unknown, result: unknown, name = 'extraction.processed') => ({
  event: name,
  result: [{ extractionId, result }],
});

describe('the sampler of fields', () => {
  it('looks at one result of each extraction in ten seconds', () => {
    let now = 1_000_000;
    const sampler = createFieldSampler(() => now);
    sampler.look('extracta', event('inv', { total: 1 }));
    sampler.look('extracta', event('inv', { missed: 1 }));
    sampler.look('other', event('inv', { b: [{ c: 1 }] }));
    now += 9_999;
    sampler.look('extracta', event('inv', { missed: 1 }));
    now += 1;
    sampler.look('extracta', event('inv', { total: 2, date: '' }, 'extraction.edited'));
    expect(sampler.take()).toEqual([
      {
        source: 'extracta',
        extractionId: 'inv',
        firstAt: 1_000_000,
        lastAt: 1_010_000,
        count: 2,
        fields: [
          { path: 'total', firstAt: 1_000_000, lastAt: 1_010_000, count: 2 },
          { path: 'date', firstAt: 1_010_000, lastAt: 1_010_000, count: 1 },
        ],
      },
      {
        source: 'other',
        extractionId: 'inv',
        firstAt: 1_000_000,
        lastAt: 1_000_000,
        count: 1,
        fields: [
          { path: 'b', firstAt: 1_000_000, lastAt: 1_000_000, count: 1 },
          { path: 'b[].c', firstAt: 1_000_000, lastAt: 1_000_000, count: 1 },
        ],
      },
    ]);
  });

  it('starts anew once taken, and keeps the interval', () => {
    let now = 0;
    const sampler = createFieldSampler(() => now);
    sampler.look('extracta', event('inv', { total: 1 }));
    sampler.take();
    sampler.look('extracta', event('inv', { total: 1 }));
    expect(sampler.take()).toEqual([]);
    now += 10_000;
    sampler.look('extracta', event('inv', { total: 1 }));
    expect(sampler.take()).toMatchObject([{ firstAt: 10_000, count: 1 }]);
  });

  it('looks again where the clock was set back', () => {
    let now = 5_000_000;
    const sampler = createFieldSampler(() => now);
    sampler.look('extracta', event('inv', { total: 1 }));
    sampler.take();
    now -= 3_600_000;
    sampler.look('extracta', event('inv', { total: 1 }));
    expect(sampler.take()).toMatchObject([{ firstAt: now, lastAt: now, count: 1 }]);
  });

  it('passes over what has no fields of an extraction', () => {
    const sampler = createFieldSampler(() => 0);
    sampler.look('extracta', event('inv', { a: 1 }, 'extraction.failed'));
    sampler.look('extracta', event('inv', { a: 1 }, 'classification.done'));
    sampler.look('extracta', event(7, { a: 1 }));
    sampler.look('extracta', event('x'.repeat(201), { a: 1 }));
    sampler.look('extracta', { event: 'extraction.processed', result: [null, 'x', []] });
    sampler.look('extracta', { event: 'extraction.processed', result: 'x' });
    expect(sampler.take()).toEqual([]);
  });

  it('holds no more than 200 extractions at once', () => {
    const sampler = createFieldSampler(() => 0);
    for (let index = 0; index < 300; index += 1) sampler.look('extracta', event(`e${index}`, { a: 1 }));
    expect(sampler.take()).toHaveLength(200);
    sampler.look('extracta', event('e299', { a: 1 }));
    expect(sampler.take()).toMatchObject([{ extractionId: 'e299' }]);
  });
});
