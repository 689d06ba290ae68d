import { describe, expect, it } from 'vitest';
import { canGoWhole, withSiblings } from '../../src/migration/siblings.js';
import type { Format } from '../../src/model.js';

const event = (
  id: number,
  destinations: readonly string[],
  more: { readonly format?: Format; readonly duplicateOf?: number } = {},
) => ({
  id,
  messageId: `evt_${id}`,
  webhookId: 7,
  source: 'extracta',
  format: 'legacy' as Format,
  event: 'extraction.processed',
  receivedAt: 0,
  duplicateOf: null,
  latest: destinations.map((destination) => ({ destination, mode: 'live', status: 'delivered' }) as const),
  ...more,
});
type Event = ReturnType<typeof event>;

const went = (events: readonly Event[]) =>
  withSiblings(events, (name) => name.startsWith('old')).map(({ latest }) =>
    latest.map(({ destination }) => destination),
  );

describe('the events of one webhook', () => {
  it('went to a handler of webhooks with the one that has the delivery', () => {
    expect(went([event(1, ['old', 'new']), event(2, [])])).toEqual([['old', 'new'], ['old']]);
    expect(went([event(1, ['new']), event(2, ['old', 'new'])])).toEqual([
      ['new', 'old'],
      ['old', 'new'],
    ]);
    expect(went([event(1, ['old']), event(2, ['old-2']), event(3, [])])).toEqual([
      ['old', 'old-2'],
      ['old-2', 'old'],
      ['old', 'old-2'],
    ]);
  });

  it('went each by itself where a part had been accepted before, or where it came as events', () => {
    const repeat = event(2, [], { duplicateOf: 1 });
    expect(went([event(3, ['old']), repeat])).toEqual([['old'], []]);
    expect(canGoWhole([event(3, ['old']), repeat])).toBe(false);
    expect(canGoWhole([event(1, ['old'], { format: 'new' })])).toBe(false);
    expect(canGoWhole([event(1, ['old']), event(2, [])])).toBe(true);
  });
});
