import fc from 'fast-check';
import { anyText } from './any-text.js';

/** JSON texts as other programs than ours write them: any spelling of numbers, white space, escapes, odd keys. */

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', ' \r\n ');

export const numberText = fc.oneof(
  fc.constantFrom(
    '12345678901234567890',
    '100.00',
    '1E-7',
    '-0',
    '0.1000000000000000055511151231257827',
    '1e400',
  ),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.tuple(fc.bigInt(), fc.stringMatching(/^[0-9]{1,5}$/)).map(([whole, digits]) => `${whole}.${digits}`),
);

const oddKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '1',
  '0',
  '',
  'status',
  'result',
  'files',
);

const stringText = fc.oneof(
  anyText.map((value) => JSON.stringify(value)),
  fc.string().map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '"\\u00e9"',
    '"é"',
    '"\\/"',
    '"\\ud83e\\uddfe"',
    '"\\ud800"',
    '"\ud800"',
    '"\u2028"',
    '"\\"q\\""',
  ),
);

const keyText = fc.oneof(
  stringText,
  oddKey.map((key) => JSON.stringify(key)),
);

/** The text of any JSON value. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; array: string; object: string }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(numberText, stringText, fc.constantFrom('true', 'false', 'null')),
      tie('array'),
      tie('object'),
    ),
    array: fc
      .array(fc.tuple(space, tie('value'), space), { maxLength: 4 })
      .map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
    object: fc
      .array(fc.tuple(space, keyText, space, space, tie('value'), space), { maxLength: 4 })
      .map(
        (members) =>
          `{${members.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',')}}`,
      ),
  }),
).value;

/** The text of something like a legacy result: right often enough to get through, wrong in all sorts of ways. */
export const legacyText: fc.Arbitrary<string> = fc.oneof(
  jsonText,
  fc.string(),
  fc
    .array(
      fc.record({
        ids: fc.constantFrom(
          '"extractionId":"e","batchId":"b"',
          '"batchId":"b"',
          '"extractionId":"","batchId":"b"',
        ),
        status: fc.constantFrom(
          'processed',
          'Completed',
          'DONE',
          'failed',
          'error',
          'waiting',
          'constructor',
        ),
        result: fc.oneof(
          jsonText,
          jsonText.map((text) => JSON.stringify(text)),
        ),
        extra: keyText,
        extraValue: jsonText,
        space,
      }),
      { maxLength: 4 },
    )
    .chain((files) => {
      const texts = files.map(
        (file) =>
          `${file.space}{${file.ids},"status":${file.space}"${file.status}",${file.extra}:${file.extraValue},"result":${file.result}}`,
      );
      return fc.constantFrom(
        `[${texts.join(',')}]`,
        `{"files":[${texts.join(',')}],"extractionId":"E","batchId":"B"}`,
        texts[0] ?? '[]',
      );
    }),
);

/** Every number of a JSON text, as it is spelt, in order. */
export function numbersOf(text: string): readonly string[] {
  return text.replace(/"(?:[^"\\]|\\.)*"/gs, '""').match(/-?\d[\d.eE+-]*/g) ?? [];
}
