// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolate } from '../../src/config/interpolate.js';
import { anyText } from '../support/any-text.js';

const variables: Readonly<Record<string, string>> = { NAME: 'value', EMPTY: '', NESTED: '${NAME}' };
const files: Readonly<Record<string, string>> = {
  '/run/secrets/x': 'from a file\n',
  '/two': 'a\n\n',
  '/crlf': 'a\r\n',
  '/pem': 'one\ntwo\n',
};
const fill = (text: string) =>
  interpolate(text, {
    variable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    file: (path) => {
      const content = files[path];
      return content === undefined ? { problem: 'does not exist' } : { text: content };
    },
  });

describe('interpolate', () => {
  it.each([
    ['${NAME}', 'value'],
    ['Bearer ${NAME}, ${NAME}', 'Bearer value, value'],
    ['${NAME:-other}', 'value'],
    ['${MISSING:-other}', 'other'],
    ['${MISSING:-}', ''],
    ['${MISSING:-a:-b $ {}', 'a:-b $ {'],
    ['${MISSING:-two\nlines}', 'two\nlines'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY}', ''],
    ['${file:/run/secrets/x}', 'from a file'],
    ['${file:/two}', 'a\n'],
    ['${file:/crlf}', 'a'],
    ['${file:/pem}', 'one\ntwo'],
    ['$${NAME}', '${NAME}'],
    ['$${', '${'],
    ['$NAME {NAME} $ $$', '$NAME {NAME} $ $$'],
    ['${NESTED}', '${NAME}'],
  ])('%j becomes %j', (text, expected) => {
    expect(fill(text)).toMatchObject({ text: expected, problems: [] });
  });

  it('says which variable is not set, each of them', () => {
    expect(fill('${A} ${B} ${NAME}').problems).toEqual([
      'A is not set: set it in the environment or in .env',
      'B is not set: set it in the environment or in .env',
    ]);
  });

  it('says which file cannot be read', () => {
    expect(fill('${file:/nope}').problems).toEqual(['the file /nope does not exist']);
  });

  it.each([
    ['${', 'has no "}"'],
    ['a ${NAME', 'has no "}"'],
    ['${}', 'is not understood'],
    ['${1NAME}', 'is not understood'],
    ['${NAME-B}', 'is not understood'],
    ['${a b}', 'is not understood'],
    ['${NAME:other}', 'is not understood'],
    ['${NAME:-${B}}', 'cannot hold another reference'],
  ])('refuses %s instead of leaving it as it is: it %s', (text, problem) => {
    expect(fill(text)).toMatchObject({ origins: [], problems: [expect.stringContaining(problem)] });
  });

  it('repeats nothing of what it does not understand', () => {
    expect(fill('${s3cret!}').problems.join()).not.toContain('s3cret');
  });

  it('names where the text came from', () => {
    expect(fill('${NAME} ${EMPTY:-x} ${file:/two}').origins).toEqual(['NAME', 'EMPTY', '/two']);
    expect(fill('literal $${NAME}').origins).toEqual([]);
  });

  it('leaves text without "${" alone, and fills in any value as it is', () => {
    fc.assert(
      fc.property(fc.string(), anyText, (text, value) => {
        fc.pre(!text.includes('${'));
        const plain = { variable: () => value, file: () => ({ problem: 'no' }) };
        expect(interpolate(text, plain)).toEqual({ text, origins: [], problems: [] });
        expect(interpolate(`${text}\${V}`, plain).text).toBe(
          text.endsWith('$') ? `${text.slice(0, -1)}\${V}` : text + value,
        );
      }),
    );
  });
});
