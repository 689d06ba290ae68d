import { describe, expect, it } from 'vitest';
import { parseRate } from '../../src/config/rate.js';

describe('parseRate', () => {
  it.each([
    ['50/s', { count: 50, per: 1000 }],
    ['600/m', { count: 600, per: 60_000 }],
    ['1/h', { count: 1, per: 3_600_000 }],
  ])('reads %s', (text, rate) => expect(parseRate(text)).toEqual(rate));

  it.each([
    '',
    '50',
    '50/',
    '/s',
    '0/s',
    '-1/s',
    '1.5/s',
    '5/d',
    '5 /s',
    '5/s\n',
    '1e3/s',
    `1${'0'.repeat(20)}/s`,
  ])('refuses %j', (text) => expect(parseRate(text)).toBeUndefined());
});
