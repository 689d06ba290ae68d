import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalOf } from '../../src/migration/decimal.js';

const same = (a: string, b: string): boolean => decimalOf(a) === decimalOf(b);

describe('decimalOf', () => {
  it.each([
    ['100.00', '100'],
    ['100', '1E2'],
    ['1E-7', '1e-7'],
    ['1e-7', '0.0000001'],
    ['1e+05', '100000'],
    ['-0', '0'],
    ['0e99', '0.000'],
    ['0.10', '0.1'],
    ['-1.50', '-15e-1'],
    ['0e99999999999999999999', '0'],
    ['1e0000000000000000000000002', '100'],
  ])('takes %s and %s for the same number', (a, b) => expect(same(a, b)).toBe(true));

  it.each([
    ['12345678901234567890', '12345678901234567891'],
    ['0.1', '0.1000000000000000055511151231257827'],
    ['1', '-1'],
    ['1', '10'],
    ['1e400', '1e401'],
    ['1e-400', '0'],
    ['1e99999999999999999998', '1e99999999999999999999'],
  ])('takes %s and %s for two numbers', (a, b) => expect(same(a, b)).toBe(false));

  it('tells numbers apart exactly as whole numbers over a power of ten are told apart', () => {
    const number = fc.record({
      digits: fc.oneof(fc.bigInt({ min: -200n, max: 200n }), fc.bigInt()),
      places: fc.integer({ min: 0, max: 12 }),
      power: fc.integer({ min: -12, max: 12 }),
    });
    const spell = ({ digits, places, power }: { digits: bigint; places: number; power: number }) => {
      const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
      const fraction = places === 0 ? '' : `.${text.slice(-places)}`;
      return `${digits < 0n ? '-' : ''}${text.slice(0, text.length - places)}${fraction}e${power}`;
    };
    fc.assert(
      fc.property(number, number, (a, b) => {
        const value = (n: typeof a) => n.digits * 10n ** BigInt(n.power - n.places + 24);
        expect(same(spell(a), spell(b))).toBe(value(a) === value(b));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes time in proportion to the digits', () => {
    const zeros = '0'.repeat(1_000_000);
    expect(same(`1${zeros}1`, `1${zeros}1.${zeros}`)).toBe(true);
  });
});
