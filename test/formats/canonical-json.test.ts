import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalValue } from '../../src/formats/canonical-json.js';
import { jsonText, numbersOf } from '../support/json-text.js';

describe('canonicalJson', () => {
  it('says the same as the text', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(JSON.parse(canonicalJson(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same by value, for text as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const plain = JSON.stringify(JSON.parse(text));
        expect(canonicalValue(JSON.parse(plain))).toBe(canonicalJson(plain));
      }),
      { numRuns: 1_000 },
    );
  });

  it('has one form for the order of keys, however many they are', () => {
    const keys = Array.from({ length: 40 }, (_, index) => `key_${10 + index}`);
    for (const count of [2, 12, 13, 40]) {
      const members = keys.slice(0, count).map((key) => `"${key}":1`);
      const form = `{${members.join(',')}}`;
      const reversed = `{${members.toReversed().join(',')}}`;
      expect([canonicalJson(reversed), canonicalValue(JSON.parse(reversed))]).toEqual([form, form]);
    }
  });

  it('is its own canonical form', () => {
    fc.assert(fc.property(jsonText, (text) => canonicalJson(canonicalJson(text)) === canonicalJson(text)));
  });

  it('keeps numbers as they were written', () => {
    const text = '[12345678901234567890, 100.00, 1E-7, -0, 0]';
    expect(numbersOf(canonicalJson(text))).toEqual(numbersOf(text));
  });

  it.each([
    ['white space', ' { "a" : [ 1 , 2 ] } ', '{"a":[1,2]}'],
    ['the order of keys', '{"b":1,"a":2,"10":3,"9":4}', '{"10":3,"9":4,"a":2,"b":1}'],
    ['repeated keys', '{"a":1,"a":2}', '{"a":2}'],
    ['spellings of a string', '["\\u00e9\\/","\\ud83e\\uddfe"]', '["é/","🧾"]'],
    ['spellings of a key', '{"\\u0061":1}', '{"a":1}'],
    ['emptiness', '[ { } , [ ] ]', '[{},[]]'],
    ['a scalar', ' 1.50 ', '1.50'],
  ])('has one form for %s', (_name, text, form) => expect(canonicalJson(text)).toBe(form));
});
