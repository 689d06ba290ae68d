import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prettyJson } from '../../src/cli/pretty-json.js';
import { fields, table } from '../../src/cli/table.js';
import { jsonDocument, publicUrl } from '../../src/cli/text.js';
import { printable, printableJson } from '../../src/printable.js';
import { jsonText, numbersOf } from '../support/json-text.js';

describe('printable', () => {
  it('disarms what could steer a terminal', () => {
    expect(printable('a\x1b[2Jb\x07\r\n\x9b31m\u202etxt')).toBe(
      'a\\u001b[2Jb\\u0007\\r\\n\\u009b31m\\u202etxt',
    );
  });

  it.each(['\u061c', '\u200e', '\u2066', '\u00ad', '\u200b', '\u2060'])(
    'shows %j, which hides what a text says',
    (hidden) => expect(printable(`a${hidden}b`)).toMatch(/^a\\u[0-9a-f]{4}b$/),
  );

  it('leaves every letter as it is', () => {
    expect(printable('Müller 発票 🧾')).toBe('Müller 発票 🧾');
  });
});

describe('jsonDocument', () => {
  it('holds no control character and parses to the value', () => {
    const value = { name: 'a\x1b[2J\x9b\u2028\u202e"\\', n: 1 };
    const text = jsonDocument(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  });
});

describe('prettyJson', () => {
  it('lays out without changing what is said', () => {
    expect(prettyJson('{"a":[1.00,{}],"b":[],"c":{"d":"x, {y}"}}')).toBe(
      '{\n  "a": [\n    1.00,\n    {}\n  ],\n  "b": [],\n  "c": {\n    "d": "x, {y}"\n  }\n}',
    );
  });

  it('keeps value and spelling of any JSON, also made printable', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const shown = printableJson(prettyJson(text));
        expect(JSON.parse(shown)).toEqual(JSON.parse(text));
        expect(numbersOf(shown)).toEqual(numbersOf(text));
      }),
    );
  });
});

describe('table', () => {
  const columns = [
    { title: 'id', value: (row: { id: number; name: string | null }) => row.id },
    { title: 'name', value: (row: { id: number; name: string | null }) => row.name },
  ];

  it.each([
    ['wide letters', '合計', '合計    '],
    ['half as wide ones', 'ｶﾅ', 'ｶﾅ      '],
    ['an emoji', '🧾', '🧾      '],
    ['an accent of its own', 'e\u0301', 'e\u0301       '],
    ['an emoji made of several', '👨‍👩‍👧', '👨‍👩‍👧      '],
    ['a sign that is made an emoji', '❤️', '❤️      '],
  ])('aligns what comes after %s by what a terminal shows', (_name, given, shown) => {
    const path = { title: 'path', value: ([text]: readonly [string, string]) => text };
    const value = { title: 'value', value: ([, text]: readonly [string, string]) => text };
    const rows = [
      [given, 'x'],
      ['total', 'y'],
    ] as const;
    expect(table([path, value], rows)).toBe(`PATH   VALUE\n${shown.slice(0, -1)}x\ntotal  y\n`);
  });

  it('aligns columns, marks what is empty, and keeps a row on its line', () => {
    const rows = [
      { id: 1, name: 'long\nname' },
      { id: 20_000, name: null },
    ];
    expect(table(columns, rows)).toBe('ID     NAME\n1      long\\nname\n20000  -\n');
  });

  it('leaves out a column that tells nothing of any row', () => {
    const rows = [
      { id: 1, name: null },
      { id: 2, name: 'two' },
    ];
    const telling = columns.map((column) => ({
      ...column,
      tells: ({ name }: { name: unknown }) => name !== null,
    }));
    expect(table([...columns.slice(0, 1), ...telling.slice(1)], rows)).toBe('ID  NAME\n1   -\n2   two\n');
    expect(table([...columns.slice(0, 1), ...telling.slice(1)], rows.slice(0, 1))).toBe('ID\n1\n');
  });

  it('leaves out fields that are null', () => {
    expect(
      fields([
        ['id', 1],
        ['event', null],
        ['webhook-id', 'evt_\x1b'],
      ]),
    ).toBe('id          1\nwebhook-id  evt_\\u001b\n');
  });
});

describe('publicUrl', () => {
  it('shows no part of a URL that may be secret', () => {
    expect(publicUrl('https://me:pass@example.com:8443/hooks/x?token=hush#part')).toBe(
      'https://example.com:8443/hooks/x',
    );
  });
});
