import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLedger } from '../../src/migration/ledger.js';
import { entriesOfSubject, type ParityEntry, type Sighting } from '../../src/migration/parity.js';
import type { Format } from '../../src/model.js';

let nextEvent = 1;
const sighting = (format: Format, digest: string, at: number, more: Partial<Sighting> = {}): Sighting => ({
  source: 'extracta',
  subject: 'f1',
  digest,
  format,
  eventId: nextEvent++,
  at,
  ...more,
});

/** As the service reads them: the store has them newest first. */
async function ledgerOf(sightings: readonly Sighting[]): Promise<readonly ParityEntry[]> {
  const rows = sightings.map((each, index) => ({ ...each, id: index + 1, receivedAt: each.at })).reverse();
  const { entries } = await readLedger({ listSightings: async ({ before }) => (before ? [] : rows) }, {});
  return entries;
}

const told = (entries: readonly ParityEntry[]) =>
  entries.map((entry) => [entry.state, entry.legacy?.digest ?? null, entry.new?.digest ?? null, entry.lag]);

const anySighting = fc
  .record({
    subject: fc.constantFrom('f1', 'f2'),
    digest: fc.constantFrom('a', 'b', 'c', 'd'),
    format: fc.constantFrom<Format>('legacy', 'new'),
    at: fc.nat(20),
  })
  .map(({ format, digest, at, subject }) => sighting(format, digest, at, { subject }));
const anySightings = fc.uniqueArray(anySighting, {
  selector: (each) => `${each.subject} ${each.digest} ${each.format}`,
});

describe('the parity ledger', () => {
  it('matches what came in both formats, with the lag between them', async () => {
    expect(await ledgerOf([sighting('legacy', 'a', 100), sighting('new', 'a', 350)])).toMatchObject([
      {
        source: 'extracta',
        subject: 'f1',
        state: 'matched',
        lag: 250,
        legacy: { at: 100, digest: 'a' },
        new: { at: 350, digest: 'a' },
      },
    ]);
    expect(told(await ledgerOf([sighting('new', 'a', 100), sighting('legacy', 'a', 350)]))).toEqual([
      ['matched', 'a', 'a', -250],
    ]);
  });

  it('matches every version of a file by its content, however late', () => {
    const versions = [
      sighting('legacy', 'a', 1),
      sighting('legacy', 'b', 2),
      sighting('new', 'b', 3),
      sighting('new', 'a', 900),
    ];
    expect(told(entriesOfSubject(versions))).toEqual([
      ['matched', 'a', 'a', 899],
      ['matched', 'b', 'b', 1],
    ]);
  });

  it('pairs what is left over in order of time', () => {
    const versions = [
      sighting('new', 'N1', 12),
      sighting('legacy', 'L2', 20),
      sighting('legacy', 'L1', 10),
      sighting('new', 'N2', 25),
    ];
    expect(told(entriesOfSubject(versions))).toEqual([
      ['different', 'L1', 'N1', 2],
      ['different', 'L2', 'N2', 5],
    ]);
  });

  it('leaves alone what came before the other format was switched on, or after it was switched off', () => {
    const old = sighting('legacy', 'old', 0);
    const pair = [sighting('legacy', 'L', 1_000), sighting('new', 'N', 1_001)];
    const late = sighting('new', 'late', 5_000);
    expect(told(entriesOfSubject([old, ...pair]))).toEqual([
      ['legacy_only', 'old', null, null],
      ['different', 'L', 'N', 1],
    ]);
    expect(told(entriesOfSubject([...pair, late]))).toEqual([
      ['different', 'L', 'N', 1],
      ['new_only', null, 'late', null],
    ]);
  });

  it.each([
    ['legacy', 'new'],
    ['new', 'legacy'],
  ] as const)('leaves alone what %s has more of, wherever it stands, and nothing else', (more, less) => {
    const states = (...given: readonly (readonly [Format, number])[]) =>
      entriesOfSubject(given.map(([format, at]) => sighting(format, `${format} ${at}`, at))).map((entry) => [
        entry.state,
        entry.legacy?.at ?? null,
        entry.new?.at ?? null,
      ]);
    const pair = (one: number, other: number) =>
      more === 'legacy' ? ['different', one, other] : ['different', other, one];
    const alone = (at: number) => (more === 'legacy' ? ['legacy_only', at, null] : ['new_only', null, at]);
    expect(states([more, 0], [more, 1_000], [less, 1_001])).toEqual([alone(0), pair(1_000, 1_001)]);
    expect(states([more, 0], [less, 1], [more, 1_000], [more, 2_000], [less, 2_001])).toEqual([
      pair(0, 1),
      alone(1_000),
      pair(2_000, 2_001),
    ]);
    // As many of the one as of the other: each has its pair, though a nearer one stands beside it.
    expect(states([more, 0], [less, 1], [more, 2_000], [less, 2_500], [more, 2_501], [less, 3_000])).toEqual([
      pair(0, 1),
      pair(2_000, 2_500),
      pair(2_501, 3_000),
    ]);
  });

  it('tells a file oldest first, whatever became of its contents', () => {
    expect(entriesOfSubject([])).toEqual([]);
    const found = [sighting('legacy', 'old', 0), sighting('legacy', 'a', 10), sighting('new', 'a', 11)];
    expect(told(entriesOfSubject(found))).toEqual([
      ['legacy_only', 'old', null, null],
      ['matched', 'a', 'a', 1],
    ]);
  });

  it('keeps files and sources apart', async () => {
    const entries = await ledgerOf([
      sighting('legacy', 'a', 1),
      sighting('new', 'a', 2, { subject: 'f2' }),
      sighting('new', 'a', 3, { source: 'other' }),
    ]);
    expect(entries.map((entry) => [entry.source, entry.subject, entry.state])).toEqual([
      ['extracta', 'f1', 'legacy_only'],
      ['extracta', 'f2', 'new_only'],
      ['other', 'f1', 'new_only'],
    ]);
  });

  it('takes the first event and the last arrival of content that was recorded twice', () => {
    const twice = [sighting('legacy', 'a', 60, { eventId: 7 }), sighting('legacy', 'a', 10, { eventId: 3 })];
    for (const order of [twice, twice.toReversed()]) {
      expect(entriesOfSubject(order)).toMatchObject([{ legacy: { eventId: 3, at: 10, lastAt: 60 } }]);
    }
  });

  it('tells each content of each format exactly once, as matched wherever both have it, and in any order', async () => {
    await fc.assert(
      fc.asyncProperty(anySightings, fc.nat(), async (sightings, turn) => {
        const entries = await ledgerOf(sightings);
        const tell = (subject: string, format: Format, digest: string) => `${subject} ${format} ${digest}`;
        const inLedger = entries.flatMap((entry) => [
          ...(entry.legacy ? [tell(entry.subject, 'legacy', entry.legacy.digest)] : []),
          ...(entry.new ? [tell(entry.subject, 'new', entry.new.digest)] : []),
        ]);
        const seen = sightings.map((each) => tell(each.subject, each.format, each.digest));
        expect([...inLedger].sort()).toEqual([...seen].sort());
        for (const { state, subject, legacy, new: recent } of entries) {
          expect(state === 'matched').toBe(
            legacy !== null && recent !== null && legacy.digest === recent.digest,
          );
          if (state !== 'legacy_only') continue;
          // What one format alone has left is never beside something that the other alone has left.
          expect(entries.some((each) => each.subject === subject && each.state === 'new_only')).toBe(false);
        }
        const start = sightings.length === 0 ? 0 : turn % sightings.length;
        const turned = [...sightings.slice(start), ...sightings.slice(0, start)];
        expect(await ledgerOf(turned)).toEqual(entries);
      }),
      { numRuns: 500 },
    );
  });

  it('takes linear time for a file that came in many versions', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => [
      sighting('legacy', `L${index}`, index * 10),
      ...(index % 2 === 0 ? [sighting('new', `N${index}`, index * 10 + 1)] : []),
    ]).flat();
    const entries = entriesOfSubject(many);
    expect(entries.filter((entry) => entry.state === 'different').every((entry) => entry.lag === 1)).toBe(
      true,
    );
    expect(entries.filter((entry) => entry.state === 'legacy_only').length).toBe(10_000);
  });
});
