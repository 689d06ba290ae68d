import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/config/duration.js';
import { parseSize } from '../../src/config/size.js';

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS = { kb: 1024, KB: 1024, mb: 1024 ** 2, Mb: 1024 ** 2 };
const digits = fc.integer({ min: 0, max: 100_000_000 });

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0', 0],
    ['0s', 0],
    ['007s', 7000],
  ])('reads %s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it('reads every whole number with a unit', () => {
    fc.assert(
      fc.property(digits, fc.constantFrom(...(Object.keys(DURATION_UNITS) as 'ms'[])), (number, unit) => {
        expect(parseDuration(`${number}${unit}`)).toBe(number * DURATION_UNITS[unit]);
      }),
    );
  });

  it.each([
    '',
    '15',
    's',
    '-1s',
    '1.5h',
    '1 s',
    ' 1s',
    '1s ',
    '1s\n',
    '1S',
    '1w',
    '1s5',
    '1e3s',
    '٣s',
    'NaNs',
  ])('refuses %j', (text) => expect(parseDuration(text)).toBeUndefined());

  it('refuses a number that milliseconds cannot count', () => {
    expect(parseDuration(`${'9'.repeat(20)}d`)).toBeUndefined();
    expect(parseDuration(`${'9'.repeat(400)}ms`)).toBeUndefined();
  });

  it('gives a whole number or nothing, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('constructor', '1constructor', '1__proto__')),
        (text) => {
          const value = parseDuration(text);
          expect(value === undefined || Number.isSafeInteger(value)).toBe(true);
        },
      ),
    );
  });
});

describe('parseSize', () => {
  it.each([
    ['64kb', 65_536],
    ['10mb', 10_485_760],
    ['10MB', 10_485_760],
    ['0kb', 0],
  ])('reads %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it('reads every whole number with a unit', () => {
    fc.assert(
      fc.property(digits, fc.constantFrom(...(Object.keys(SIZE_UNITS) as 'kb'[])), (number, unit) => {
        expect(parseSize(`${number}${unit}`)).toBe(number * SIZE_UNITS[unit]);
      }),
    );
  });

  it.each(['', '64', 'kb', '-1kb', '1.5mb', '1 mb', '1mb\n', '1gb', '1b', '1kib', `${'9'.repeat(30)}mb`])(
    'refuses %j',
    (text) => expect(parseSize(text)).toBeUndefined(),
  );
});
