import { describe, expect, it } from 'vitest';
import { secretsInUse } from '../../src/migration/secrets.js';
import type { LastSeen } from '../../src/store/rows.js';

const DAY = 86_400_000;
const NOW = 1_000 * DAY;
const seen = (secretIndex: number, lastAt: number, more: Partial<LastSeen> = {}): LastSeen => ({
  source: 'extracta',
  format: 'legacy',
  secretIndex,
  firstAt: lastAt,
  lastAt,
  count: 1,
  ...more,
});
const states = (secrets: number, lastSeen: readonly LastSeen[]) =>
  secretsInUse([{ name: 'extracta', secrets: Array(secrets).fill('s') }], lastSeen, NOW).map(
    ({ state }) => state,
  );

describe('secretsInUse', () => {
  it('tells a secret that is idle while another is in use', () => {
    expect(states(2, [seen(0, NOW - 1), seen(1, NOW - 7 * DAY)])).toEqual(['in_use', 'idle']);
    expect(states(2, [seen(0, NOW - 1), seen(1, NOW - 7 * DAY + 1)])).toEqual(['in_use', 'in_use']);
  });

  it('retires none where all are quiet, and none that was never used', () => {
    expect(states(2, [seen(0, NOW - 9 * DAY), seen(1, NOW - 8 * DAY)])).toEqual(['quiet', 'quiet']);
    expect(states(2, [seen(0, NOW - 1)])).toEqual(['in_use', 'never_used']);
  });

  it('takes both formats together, and each source by itself', () => {
    const other = { source: 'other' };
    const both = [seen(0, NOW - 9 * DAY), seen(0, NOW - 1, { format: 'new' })];
    for (const order of [both, both.toReversed()]) expect(states(1, order)).toEqual(['in_use']);
    expect(states(2, [seen(0, NOW - 9 * DAY), seen(1, NOW - 1, other)])).toEqual(['quiet', 'never_used']);
  });

  it('shows a place that the list has no more, which makes no other idle', () => {
    expect(states(1, [seen(0, NOW - 9 * DAY), seen(1, NOW - 1)])).toEqual(['quiet', 'not_configured']);
    const shortened = [seen(2, NOW - 1), seen(1, NOW - 1)];
    expect(secretsInUse([{ name: 'extracta', secrets: ['s'] }], shortened, NOW)).toMatchObject(
      [0, 1, 2].map((secretIndex) => ({ secretIndex })),
    );
  });
});
