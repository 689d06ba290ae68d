import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/errors.js';
import { asWritten, isCostly } from '../../src/formats/costly-body.js';
import { authenticate } from '../../src/formats/request-body.js';
import { mac, signingKey } from '../../src/formats/signature.js';

const key = signingKey('E_AI_K_secret');
const MANY = 600_000;
const many = (unit: string): string => `[${Array(MANY).fill(unit).join(',')}]`;

/** Of 120 members each; V8 gives each a class of its own. */
const unlikeObjects = (count: number): string => {
  const others = Array.from({ length: 119 }, (_, key) => `,"k${key}":1`).join('');
  return `[${Array.from({ length: count }, (_, n) => `{"a${n}":1${others}}`).join(',')}]`;
};

/** What becomes of a body that is signed over a text: its format, or the code of its refusal. */
function outcome(body: string, signedText: string): string {
  try {
    return authenticate(body, mac(signedText, key), [key]).format;
  } catch (error) {
    if (error instanceof RequestError) return `${error.status} ${error.code}`;
    throw error;
  }
}

describe('a body of very many values', () => {
  it.each(['{}', '[]', '{"a":1}'])('is parsed for who has signed it as it is written: %s', (unit) => {
    const result = many(unit);
    expect(outcome(`{"event":"extraction.processed","result":${result}}`, result)).toBe('new');
    expect(outcome(JSON.stringify({ result }), result)).toBe('legacy');
    // Of a key that is repeated the last counts, as it does for JSON.parse.
    expect(outcome(`{"result":1,"res\\u0075lt":${result},"event":"x.y"}`, result)).toBe('new');
  });

  it.each([
    ['by somebody else', `{"result":${many('{}')}}`],
    [
      'by somebody else, members of one object',
      `{"result":{${many('').slice(1, -1).replaceAll(',', '"a":1,')}"b":1}}`,
    ],
    [
      'by somebody else, objects of many keys that have no other like them',
      `{"result":${unlikeObjects(2_000)}}`,
    ],
    ['by somebody else, numbers', `{"result":${many('9e99')}}`],
    ['with other spaces than those of the signed text', `{"result":${many(' []')}}`],
    ['and is no JSON', `{"result":${many('{')}`],
    ['with a string that is none', `{"\\x":${many('[]')},"result":"\\x"}`],
    ['without a result', `{"other":${many('[]')}}`],
    ['of very many members', `{${Array.from({ length: MANY }, (_, n) => `"${n}":1`).join()},"result":[]}`],
  ])('is refused unparsed where it is signed %s', (_name, body) => {
    expect(isCostly(body)).toBe(true);
    expect(outcome(body, 'something else')).toBe('413 too_many_values');
  });

  it.each([
    ['beside it', `{"result":[],"other":${many('[]')}}`],
    ['before it, where a key is repeated', `{"result":${many('[]')},"result":[]}`],
  ])('is refused unparsed where what is signed is small, and they stand %s', (_name, body) => {
    expect(outcome(body, '[]')).toBe('413 too_many_values');
  });

  it('is not opened by the signature of nothing', () => {
    expect(outcome(`{"other":${many('[]')}}`, '')).toBe('413 too_many_values');
  });
});

describe('isCostly', () => {
  it.each([
    ['a body of few values', '{"result":[]}', false],
    ['a long text', JSON.stringify({ result: 'x'.repeat(2_000_000) }), false],
    ['many numbers', `{"result":[${Array(249_998).fill('1').join(',')}]}`, false],
    ['more than that', `{"result":[${Array(249_999).fill('1').join(',')}]}`, true],
    ['many arrays', `{"result":[${Array(124_999).fill('[]').join(',')}]}`, false],
    ['more than that', `{"result":[${Array(125_000).fill('[]').join(',')}]}`, true],
  ])('of %s', (_name, body, expected) => expect(isCostly(body)).toBe(expected));
});

describe('asWritten', () => {
  it.each([
    ['behind another member', '{"event":"x.y","result":[1, 2]}', '[1, 2]', '"event""x.y""result"'],
    ['with spaces around it', '{ "result" : "a\\"b" }', 'a"b', '"result"'],
    ['twice', '{"result":[1],"res\\u0075lt":2}', '2', '"result""res\\u0075lt"[1]'],
  ])('finds a result %s, and what is not signed', (_name, body, signedText, others) =>
    expect(asWritten(body)).toEqual({ signedText, others }),
  );

  it.each(['{}', ''])('finds none in %j', (body) => expect(asWritten(body)).toBeNull());
});
