import { describe, expect, it } from 'vitest';
import { readLedger } from '../../src/migration/ledger.js';
import type { Format } from '../../src/model.js';
import type { Store } from '../../src/store/store.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const NOW = 1_000 * HOUR;

/** @param files name, format, time of arrival; seen as they came. */
function store(files: readonly (readonly [name: string, format: Format, at: number])[]) {
  const pages: number[] = [];
  const rows = files.map(([name, format, receivedAt], index) => ({
    id: index + 1,
    eventId: 100 + index,
    source: 'extracta',
    format,
    receivedAt,
    subject: name,
    digest: `${name} content`,
  }));
  const source: Pick<Store, 'listSightings'> = {
    listSightings: async ({ limit, before = Infinity, since = -Infinity, until = Infinity }) => {
      pages.push(limit);
      return rows
        .filter(({ id, receivedAt: at }) => id < before && at >= since && at < until)
        .reverse()
        .slice(0, limit);
    },
  };
  return { source, pages };
}

const told = ({ entries }: Awaited<ReturnType<typeof readLedger>>) =>
  entries.map(({ subject, state }) => `${subject} ${state}`);

describe('readLedger', () => {
  it('reads all pages', async () => {
    const files = Array.from(
      { length: 25_000 },
      (_, i) => [`f${i >> 1}`, i % 2 ? 'new' : 'legacy', NOW + i] as const,
    );
    const { source, pages } = store(files);
    const ledger = await readLedger(source, {});
    expect(ledger.cutBefore).toBeNull();
    expect(ledger.entries).toHaveLength(12_500);
    expect(ledger.entries.every(({ state, lag }) => state === 'matched' && lag === 1)).toBe(true);
    expect(Math.max(...pages)).toBe(10_000);
  });

  it('pairs what the ends of the period would part, and has nothing from outside it', async () => {
    const { source } = store([
      ['before', 'legacy', NOW - MINUTE],
      ['across the start', 'legacy', NOW - 1],
      ['across the start', 'new', NOW + 1],
      ['within', 'legacy', NOW],
      ['across the end', 'legacy', NOW + HOUR - 1],
      ['across the end', 'new', NOW + HOUR + 1],
      ['after', 'new', NOW + HOUR],
    ]);
    expect(told(await readLedger(source, { since: NOW, until: NOW + HOUR }))).toEqual([
      'within legacy_only',
      'across the end matched',
    ]);
    expect(told(await readLedger(source, { until: NOW }))).toEqual([
      'before legacy_only',
      'across the start matched',
    ]);
  });

  it('has what comes again within the period, as often as it came before', async () => {
    const { source } = store([
      ['alone again', 'legacy', NOW - MINUTE],
      ['both again', 'legacy', NOW - MINUTE],
      ['both again', 'new', NOW - MINUTE],
      ['one again', 'legacy', NOW - MINUTE],
      ['one again', 'new', NOW - MINUTE],
      ['alone again', 'legacy', NOW + 1],
      ['both again', 'legacy', NOW + 1],
      ['both again', 'new', NOW + 1],
      ['one again', 'legacy', NOW + 1],
    ]);
    expect(told(await readLedger(source, { since: NOW }))).toEqual([
      'alone again legacy_only',
      'both again matched',
    ]);
  });

  it('holds the newest where there are too many, and says since when it is whole', async () => {
    const { source } = store([
      ['a', 'legacy', NOW],
      ['b', 'legacy', NOW + MINUTE],
      ['b', 'new', NOW + MINUTE + 5],
      ['c', 'new', NOW + 3 * MINUTE],
      ['d', 'new', NOW + 4 * MINUTE],
    ]);
    const ledger = await readLedger(source, {}, 3);
    expect(ledger.cutBefore).toBe(NOW + 2 * MINUTE);
    // Not b: its other half was not read.
    expect(told(ledger)).toEqual(['c new_only', 'd new_only']);
    expect((await readLedger(source, {}, 5)).cutBefore).toBeNull();
  });
});
