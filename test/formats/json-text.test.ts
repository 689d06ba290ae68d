import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compact,
  escapeLoneSurrogates,
  exceedsDepth,
  itemsOf,
  memberOf,
  membersOf,
} from '../../src/formats/json-text.js';
import { jsonText, numbersOf } from '../support/json-text.js';

const arrayText = fc.array(jsonText).map((items) => `[ ${items.join(' , ')} ]`);

describe('JSON as text', () => {
  it('splits an array into the texts of its items', () => {
    fc.assert(
      fc.property(arrayText, (text) => {
        expect(itemsOf(text).map((item): unknown => JSON.parse(item))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('splits an object into its members, odd and repeated keys as well', () => {
    expect(membersOf(' { "a" : 1 , "__proto__":{"b":[1,"}"]}, "a":"\\"," } ')).toEqual([
      { key: 'a', rawKey: '"a"', value: '1' },
      { key: '__proto__', rawKey: '"__proto__"', value: '{"b":[1,"}"]}' },
      { key: 'a', rawKey: '"a"', value: '"\\","' },
    ]);
  });

  it('takes the last of a repeated key, as JSON.parse does', () => {
    expect(memberOf('{"a":1,"a":2}', 'a')).toBe('2');
    expect(memberOf('{"a":1}', 'b')).toBeUndefined();
  });

  it('drops white space between tokens and nothing else', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const short = compact(text);
        expect(JSON.parse(short)).toEqual(JSON.parse(text));
        expect(numbersOf(short)).toEqual(numbersOf(text));
        expect(compact(short)).toBe(short);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves no white space between tokens', () => {
    const text = ' {\t"a b" :\r\n[ 1 , " \\" " , { } ] , "c":"d" }\n';
    expect(compact(text)).toBe('{"a b":[1," \\" ",{}],"c":"d"}');
  });

  it.each(['', '[', '[1', '[1,', '[{"a":[', '["a', '["a\\'])(
    'comes to an end on an array that is cut off: %s',
    (text) => expect(itemsOf(text).length).toBeLessThan(2),
  );

  it('escapes lone surrogates so that UTF-8 carries them', () => {
    const text = '["\ud800","🧾","\udc00a"]';
    const sent = Buffer.from(escapeLoneSurrogates(text), 'utf8').toString('utf8');
    expect(JSON.parse(sent)).toEqual(['\ud800', '🧾', '\udc00a']);
  });

  it('measures depth, not brackets', () => {
    expect(exceedsDepth('['.repeat(256) + ']'.repeat(256))).toBe(false);
    expect(exceedsDepth('['.repeat(257) + ']'.repeat(257))).toBe(true);
    expect(exceedsDepth(`[${'[],'.repeat(1_000)}[]]`)).toBe(false);
    expect(exceedsDepth(JSON.stringify(['['.repeat(1_000)]))).toBe(false);
    const beside = (deep: string) => `[[],{},"]}",${deep}]`;
    expect(exceedsDepth(beside('['.repeat(255) + ']'.repeat(255)))).toBe(false);
    expect(exceedsDepth(beside('['.repeat(256) + ']'.repeat(256)))).toBe(true);
    expect(exceedsDepth(beside(`${'[{"a":'.repeat(128)}1${'}]'.repeat(128)}`))).toBe(true);
    expect(exceedsDepth(beside('[1,'.repeat(256) + '2]'.repeat(256)))).toBe(true);
  });
});
