import { describe, expect, it } from 'vitest';
import { type ReplayChoice, replayedTo, sparesDelivered } from '../../src/migration/replay.js';
import type { DeliveryState, SendingMode } from '../../src/model.js';

const went = (latest: Readonly<Record<string, DeliveryState>>, duplicateOf: number | null = null) => ({
  duplicateOf,
  latest: Object.entries(latest).map(([destination, status]) => ({
    destination,
    status,
    mode: 'live' as SendingMode,
  })),
});
const choice = (of: ReplayChoice['of'], more: Partial<ReplayChoice> = {}): ReplayChoice => ({
  of,
  from: null,
  to: null,
  ...more,
});

const shadowed = {
  duplicateOf: null,
  latest: [
    { destination: 'new', status: 'delivered' as const, mode: 'shadow' as const },
    { destination: 'old', status: 'delivered' as const, mode: 'live' as const },
  ],
};
const both = went({ new: 'delivered', archive: 'dead' });

describe('where an event is replayed to', () => {
  it.each<readonly [string, ReturnType<typeof went>, ReplayChoice, readonly string[]]>([
    ['a named event: where it went', both, choice('named'), ['new', 'archive']],
    ['a named event, from one', both, choice('named', { from: 'archive' }), ['archive']],
    ['a named event, to one', both, choice('named', { to: 'old' }), ['old']],
    ['a named event that went nowhere, to one', went({}), choice('named', { to: 'old' }), ['old']],
    ['a named event that went nowhere', went({}), choice('named'), []],
    ['a named repeat, to one', went({}, 3), choice('named', { to: 'old' }), ['old']],
    ['a dead letter: where it died', both, choice('dead'), ['archive']],
    ['a dead letter, from another', both, choice('dead', { from: 'new' }), []],
    ['a dead letter, to one', both, choice('dead', { to: 'old' }), ['old']],
    ['a dead letter of the one that it goes to', both, choice('dead', { to: 'archive' }), ['archive']],
    ['no dead letter, to one', went({ new: 'delivered' }), choice('dead', { to: 'old' }), []],
    ['one of a period: where it went', both, choice('period'), ['new', 'archive']],
    ['one of a period, from one', both, choice('period', { from: 'new' }), ['new']],
    ['one of a period, to one', both, choice('period', { to: 'old' }), ['old']],
    ['one of a period, to one of two that it went to', both, choice('period', { to: 'new' }), ['new']],
    [
      'one of a period, to where alone it went',
      went({ old: 'delivered' }),
      choice('period', { to: 'old' }),
      [],
    ],
    ['one of a period, from one to another', both, choice('period', { from: 'new', to: 'old' }), ['old']],
    ['one of a period that did not go there', both, choice('period', { from: 'x', to: 'old' }), []],
    ['one of a period that waits', went({ new: 'pending' }), choice('period', { to: 'old' }), ['old']],
    ['one that a shadow had too', shadowed, choice('period'), ['old']],
    ['one that a shadow had, from that', shadowed, choice('named', { from: 'new' }), ['new']],
    ['one that but for a shadow went there alone', shadowed, choice('period', { to: 'old' }), []],
    ['a repeat in a period', went({ new: 'delivered' }, 3), choice('period', { to: 'old' }), []],
    ['one of a period that went nowhere', went({}), choice('period', { to: 'old' }), []],
  ])('%s', (_name, event, chosen, expected) => expect(replayedTo(event, chosen)).toEqual(expected));

  it('spares a destination what it has where a whole lot goes there, and only then', () => {
    expect(sparesDelivered(choice('period', { to: 'old' }))).toBe(true);
    expect(sparesDelivered(choice('dead', { to: 'old' }))).toBe(true);
    expect(sparesDelivered(choice('period'))).toBe(false);
    expect(sparesDelivered(choice('named', { to: 'old' }))).toBe(false);
  });
});
