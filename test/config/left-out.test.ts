import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leftOutWithout } from '../../src/config/left-out.js';
import { createRouter } from '../../src/convert/route.js';

type Destinations = Parameters<typeof leftOutWithout>[0]['destinations'];

const all = {
  sources: ['a'],
  events: ['*'],
  when: null,
  mode: 'live',
  share: 100,
  alternative: null,
} as const;
const old = { ...all, name: 'old' };
const config = (destinations: Destinations, sources = ['a']) => ({
  sources: sources.map((name) => ({ name })),
  destinations,
});
const PROCESSED = ['extraction.processed'];
const REST = ['extraction.edited', 'extraction.confirmed', 'extraction.failed'];
const WHEN = { required: ['event'] };

describe('leftOutWithout', () => {
  it('finds nothing where another destination takes as much', () => {
    expect(leftOutWithout(config([old, { ...all, name: 'new' }]), 'old', 'new')).toEqual({
      none: [],
      some: [],
    });
  });

  it('finds the events that nobody else takes', () => {
    const next = { ...all, name: 'new', events: PROCESSED };
    expect(leftOutWithout(config([old, next]), 'old', 'new')).toEqual({ none: REST, some: [] });
    // Two may do together what one did.
    const rest = { ...all, name: 'rest', events: REST };
    expect(leftOutWithout(config([old, next, rest]), 'old', 'new')).toEqual({ none: [], some: [] });
    // What the one that goes is not given is not missing.
    expect(leftOutWithout(config([{ ...old, events: PROCESSED }, next]), 'old', 'new').none).toEqual([]);
    expect(leftOutWithout(config([{ ...old, events: ['invoice.paid'] }, next]), 'old', 'new').none).toEqual([
      'invoice.paid',
    ]);
  });

  it('finds them for each source', () => {
    const both = { ...old, sources: ['a', 'b'], events: PROCESSED };
    expect(leftOutWithout(config([both, { ...all, name: 'new' }], ['a', 'b']), 'old', 'new').none).toEqual([
      'extraction.processed of b',
    ]);
  });

  it('finds what a "when" leaves out, unless the other has it too or somebody else takes the rest', () => {
    const next = { ...all, name: 'new', events: PROCESSED, when: WHEN };
    const before = { ...old, events: PROCESSED };
    expect(leftOutWithout(config([before, next]), 'old', 'new')).toEqual({ none: [], some: PROCESSED });
    expect(leftOutWithout(config([{ ...before, when: { ...WHEN } }, next]), 'old', 'new').some).toEqual([]);
    const rest = { ...next, name: 'rest', when: { not: WHEN } };
    expect(leftOutWithout(config([before, next, rest]), 'old', 'new').some).toEqual([]);
  });

  it('asks of an alternative for what it is given alone', () => {
    const next = { ...all, name: 'new', events: PROCESSED, when: WHEN, alternative: 'old' };
    expect(leftOutWithout(config([old, next]), 'old', 'new')).toEqual({ none: [], some: [] });
  });

  it('asks of what is its alternative for what that takes by its own filters: it goes by them then', () => {
    const next = { ...all, name: 'new', events: PROCESSED };
    expect(leftOutWithout(config([{ ...old, alternative: 'new' }, next]), 'old', 'new').none).toEqual(REST);
  });

  it('finds what a "when" leaves out that all others have, be it as the alternative of one', () => {
    const before = { ...old, events: PROCESSED };
    const next = { ...all, name: 'new', when: WHEN };
    const audit = { ...next, name: 'audit' };
    expect(leftOutWithout(config([before, next, audit]), 'old', 'new').some).toEqual(PROCESSED);
    const split = [before, { ...next, alternative: 'third' }, { ...all, name: 'third' }];
    expect(leftOutWithout(config(split), 'old', 'new').some).toEqual(PROCESSED);
    // Those of a split give up nothing that the one which goes was given.
    const fork = [{ ...old }, { ...next, alternative: 'old' }, audit];
    expect(leftOutWithout(config(fork), 'old', 'new').some).toEqual([]);
  });

  it('takes no other shadow for somebody, nor what goes to one by its share', () => {
    const next = { ...all, name: 'new', events: PROCESSED, mode: 'shadow' } as const;
    const lost = (...others: Destinations) =>
      leftOutWithout(config([old, next, ...others]), 'old', 'new').none;
    const audit = { ...all, name: 'audit' };
    const shadow = { ...audit, mode: 'shadow' } as const;
    expect(lost(audit)).toEqual([]);
    expect(lost(shadow)).toEqual(REST);
    // What is kept while it is paused is sent one day.
    expect(lost({ ...audit, mode: 'paused' })).toEqual([]);
    const other = { ...all, name: 'other', alternative: 'audit' };
    expect(lost(audit, { ...other, mode: 'shadow', share: 50 })).toEqual(REST);
    expect(lost(audit, { ...other, mode: 'shadow', share: 0 })).toEqual([]);
    expect(lost(shadow, { ...other, share: 50 })).toEqual(REST);
    expect(lost(shadow, other)).toEqual([]);
    expect(lost({ ...other, alternative: 'new', share: 50 })).toEqual([]);
    expect(lost({ ...other, alternative: 'old', share: 50 })).toEqual([]);
    expect(lost({ ...other, alternative: 'old', share: 0, mode: 'shadow' })).toEqual(REST);
  });

  it('goes by a pattern itself where nothing that it takes has a name', () => {
    const invoices = { ...old, events: ['invoice.*'] };
    const by = (...events: string[]) =>
      leftOutWithout(config([invoices, { ...all, name: 'new', events }]), 'old', 'new').none;
    expect(by('extraction.*')).toEqual(['invoice.*']);
    expect(by('invoice.*')).toEqual([]);
    expect(by('invoice.paid')).toEqual([]);
    expect(by('*')).toEqual([]);
    expect(
      leftOutWithout(config([old, { ...all, name: 'new', events: ['extraction.*'] }]), 'old', 'new').none,
    ).toEqual([]);
  });

  it('finds something wherever an event that the one which goes is sent would reach nobody', () => {
    const sources = ['a', 'b'];
    const names = ['old', 'new', 'third', 'fourth'];
    const destination = fc.record({
      sources: fc.subarray(sources, { minLength: 1 }),
      events: fc.constantFrom(['*'], ['extraction.*'], PROCESSED, REST, ['extraction.failed']),
      mode: fc.constantFrom('live', 'live', 'shadow', 'paused'),
      share: fc.constantFrom(0, 50, 100),
      // The place of one of the others, where it has none itself; else there is none.
      alternative: fc.nat({ max: 7 }),
    });
    fc.assert(
      fc.property(fc.array(destination, { minLength: 2, maxLength: 4 }), (drawn) => {
        const splits = (index: number): boolean => {
          const other = drawn[index]?.alternative ?? index;
          return other < drawn.length && other !== index;
        };
        const destinations = drawn.map(({ alternative, share, ...rest }, index) => {
          const other = splits(index) && !splits(alternative) ? names[alternative] : undefined;
          const forked =
            other === undefined ? { share: 100, alternative: null } : { share, alternative: other };
          return { ...rest, ...forked, when: null, name: names[index] ?? '' };
        });
        const sent = (those: typeof destinations) =>
          createRouter(
            those.map((each) => ({
              ...each,
              format: 'new' as const,
              retry: { attempts: 1, schedule: [0], jitter: 0 },
            })),
          );
        const before = sent(destinations.map((each) => ({ ...each, mode: 'live' as const })));
        const after = sent(
          destinations
            .filter(({ name }) => name !== 'old')
            .map((each) => (each.alternative === 'old' ? { ...each, alternative: null, share: 100 } : each))
            .map((each) => (each.name === 'new' ? { ...each, mode: 'live' as const } : each)),
        );
        const lost = sources.some((source) =>
          [...PROCESSED, ...REST].some((event) =>
            Array.from({ length: 12 }, (_, batch) => ({
              messageId: 'evt_1',
              value: { event, result: [{ batchId: `b${batch}` }] },
            })).some(
              (each) =>
                before(source, each).some((route) => route.destination === 'old') &&
                !after(source, each).some((route) => route.mode === 'live'),
            ),
          ),
        );
        const found = leftOutWithout(
          { sources: sources.map((name) => ({ name })), destinations },
          'old',
          'new',
        );
        if (lost) expect(found.none).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
