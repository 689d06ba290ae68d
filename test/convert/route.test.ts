import { describe, expect, it } from 'vitest';
import type { DestinationConfig } from '../../src/config/config.js';
import { createRouter, takesByName } from '../../src/convert/route.js';
import { takesShare } from '../../src/migration/share.js';
import { destinationAt } from '../delivery/setup.js';

const to = (name: string, more: Partial<DestinationConfig> = {}): DestinationConfig =>
  destinationAt('http://127.0.0.1:1/', { name, ...more });

const event = (batchId: unknown = 'bat_1', name = 'extraction.processed', messageId = 'evt_1') => ({
  messageId,
  value: { event: name, result: [{ batchId }, { batchId: 'another' }] },
});

const namesOf = (destinations: readonly DestinationConfig[], ...args: Parameters<typeof event>) =>
  createRouter(destinations)('extracta', event(...args)).map(({ destination }) => destination);

const batches = Array.from({ length: 200 }, (_, index) => `bat_${index}`);

describe('routes', () => {
  it('go to each destination that takes the source and the event, as it is configured', () => {
    const route = createRouter([
      to('live'),
      to('shadow', { mode: 'shadow', format: 'legacy' }),
      to('paused', { mode: 'paused' }),
      to('another-source', { sources: ['other'] }),
      to('another-event', { events: ['extraction.failed'] }),
      to('not-so', { when: { properties: { event: { const: 'x' } } } }),
    ]);
    expect(route('extracta', event())).toEqual([
      { destination: 'live', mode: 'live', share: 100, oncePerWebhook: false, delay: 0 },
      { destination: 'shadow', mode: 'shadow', share: 100, oncePerWebhook: true, delay: 0 },
      { destination: 'paused', mode: 'live', share: 100, oncePerWebhook: false, delay: 0 },
    ]);
  });

  it.each<[readonly string[], readonly string[]]>([
    [['*'], ['a.b', 'a.c', 'a.b.c', 'ab.c']],
    [['a.*'], ['a.b', 'a.c', 'a.b.c']],
    [['a.b.*'], ['a.b.c']],
    [['a.b'], ['a.b']],
    [
      ['a.c', 'a.b'],
      ['a.b', 'a.c'],
    ],
    [['a.x', 'ab.*'], ['ab.c']],
    [[], []],
  ])('go by the names of events: %j takes %j', (events, expected) => {
    const names = ['a.b', 'a.c', 'a.b.c', 'ab.c'];
    const destinations = [to('one', { events })];
    expect(names.filter((name) => namesOf(destinations, 'b', name).length > 0)).toEqual(expected);
    const by = (event: string) => takesByName(destinations, 'one', { source: 'extracta', event });
    expect(names.filter(by)).toEqual(expected);
  });

  it('wait as their schedule says before the first attempt', () => {
    const retry = { attempts: 2, schedule: [7_000, 1_000], jitter: 0 };
    expect(createRouter([to('late', { retry })])('extracta', event())).toMatchObject([{ delay: 7_000 }]);
  });

  it('of a share are those of its batches, and the rest are the alternative’s alone, in its own way', () => {
    const destinations = [
      to('old', { format: 'legacy', mode: 'shadow' }),
      to('next', { share: 30.1, alternative: 'old' }),
    ];
    const route = createRouter(destinations);
    for (const batch of batches) {
      const taken = takesShare(batch, 'next', 30.1);
      expect(route('extracta', event(batch))).toEqual([
        taken
          ? { destination: 'next', mode: 'live', share: 30.1, oncePerWebhook: false, delay: 0 }
          : { destination: 'old', mode: 'shadow', share: 69.9, oncePerWebhook: true, delay: 0 },
      ]);
    }
    expect(new Set(batches.flatMap((batch) => namesOf(destinations, batch)))).toEqual(
      new Set(['next', 'old']),
    );
  });

  it('of a share without an alternative are nobody’s for the rest', () => {
    const route = createRouter([to('some', { share: 30 })]);
    const taken = batches.filter((batch) => takesShare(batch, 'some', 30));
    const routes = batches.map((batch) => route('extracta', event(batch)).map((each) => each.destination));
    expect(routes).toEqual(batches.map((batch) => (taken.includes(batch) ? ['some'] : [])));
  });

  it('are the same for every event of a batch, whatever file comes after the first', () => {
    const destinations = [to('next', { share: 50, alternative: 'old' }), to('old')];
    for (const batch of batches.slice(0, 30)) {
      const first = namesOf(destinations, batch, 'extraction.processed', 'evt_1');
      expect(namesOf(destinations, batch, 'extraction.confirmed', 'evt_2')).toEqual(first);
    }
  });

  it('are told by the event itself where it names no batch', () => {
    const destinations = [to('next', { share: 50, alternative: 'old' }), to('old')];
    const ways = batches.map((id) => namesOf(destinations, null, 'classification.done', id)[0]);
    expect(ways).toEqual(batches.map((id) => (takesShare(id, 'next', 50) ? 'next' : 'old')));
    for (const result of [[], [null], ['bat_1'], [{ batchId: 7 }], {}]) {
      const odd = batches.map((messageId) => ({ messageId, value: { event: 'x.y', result } }));
      const routes = odd.map((each) => createRouter(destinations)('extracta', each)[0]?.destination);
      expect(routes).toEqual(ways);
    }
  });

  it('to an alternative pass the filters of who names it, and no others', () => {
    const destinations = [
      to('next', { share: 0, alternative: 'old', events: ['extraction.processed'] }),
      to('old', { sources: ['other'], events: ['extraction.failed'], when: false }),
    ];
    expect(namesOf(destinations, 'b', 'extraction.processed')).toEqual(['old']);
    expect(namesOf(destinations, 'b', 'extraction.failed')).toEqual([]);
  });

  it('to an alternative have a share as a person would write it', () => {
    const destinations = [to('next', { share: 99.9, alternative: 'old' }), to('old')];
    const shares = batches.flatMap((batch) =>
      createRouter(destinations)('extracta', event(batch)).map(({ share }) => share),
    );
    expect(new Set(shares)).toEqual(new Set([99.9, 0.1]));
  });

  it('to an alternative are told by name alone as well: what those take that name it', () => {
    const destinations = [
      to('next', { alternative: 'old', events: ['a.b'] }),
      to('other', { alternative: 'old', events: ['a.c'], sources: ['other'] }),
      to('old', { events: ['x.y'] }),
    ];
    const taken = (name: string) =>
      ['extracta', 'other'].flatMap((source) =>
        ['a.b', 'a.c', 'x.y'].filter((each) => takesByName(destinations, name, { source, event: each })),
      );
    expect(['next', 'other', 'old', 'unknown'].map(taken)).toEqual([['a.b'], ['a.c'], ['a.b', 'a.c'], []]);
  });

  it('to an alternative end where all is taken', () => {
    const destinations = [to('next', { share: 100, alternative: 'old' }), to('old')];
    expect(batches.flatMap((batch) => namesOf(destinations, batch))).toEqual(batches.map(() => 'next'));
  });

  it('to an alternative of several are one', () => {
    const destinations = [
      to('a', { share: 0, alternative: 'old' }),
      to('b', { share: 0, alternative: 'old' }),
      to('old'),
      to('c'),
    ];
    expect(namesOf(destinations)).toEqual(['old', 'c']);
  });
});
