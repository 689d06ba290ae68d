import { describe, expect, it } from 'vitest';
import { covered } from '../../src/migration/up-times.js';

const HOUR = 3_600_000;

describe('covered', () => {
  const upTimes = [
    { from: 0, to: 10 * HOUR },
    { from: 20 * HOUR, to: 30 * HOUR },
  ];

  it.each([
    [0, 30, 20],
    [5, 25, 10],
    [10, 20, 0],
    [22, 24, 2],
    [40, 50, 0],
    [25, 5, 0],
  ])('from %d to %d is %d', (from, to, expected) =>
    expect(covered(upTimes, from * HOUR, to * HOUR)).toBe(expected * HOUR),
  );

  it('goes on until a webhook that came soon after it was noted for the last time', () => {
    expect(covered(upTimes, 5 * HOUR, 10 * HOUR + 60_000)).toBe(5 * HOUR + 60_000);
    expect(covered(upTimes, 5 * HOUR, 10 * HOUR + 60_001)).toBe(5 * HOUR);
    expect(covered(upTimes, 25 * HOUR, 30 * HOUR + 1)).toBe(5 * HOUR + 1);
  });

  it('counts once what several cover', () => {
    const overlapping = [
      { from: 0, to: 10 * HOUR },
      { from: 2 * HOUR, to: 4 * HOUR },
      { from: 5 * HOUR, to: 12 * HOUR },
    ];
    expect(covered(overlapping, HOUR, 20 * HOUR)).toBe(11 * HOUR);
  });

  it('is nothing where nobody was up', () => expect(covered([], 0, HOUR)).toBe(0));
});
