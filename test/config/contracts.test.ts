import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../src/schemas.js';
import { faultsOf, load } from '../support/config.js';

const withContracts = (...contracts: readonly string[]) => `
destinations: []
sources:
  - { name: a, path: /a, secrets: [aaa1] }
  - name: b
    path: /b
    secrets: [bbb1]
    contracts:
${contracts.map((contract) => `      - ${contract}`).join('\n')}`;

const INVOICE = JSON.stringify({ required: ['total'], properties: { total: { type: 'number' } } });

describe('contracts', () => {
  it('are none where none are named', () => {
    const text = 'destinations: []\nsources: [{ name: a, path: /a, secrets: [aaa1] }]';
    expect(load(text).config.sources[0]?.contracts).toEqual([]);
  });

  it('are read from files beside the configuration, JSON or YAML', () => {
    const { config } = load(
      withContracts(
        '{ extractionId: inv, schema: ./invoice.json }',
        '{ extractionId: rec, schema: "schemas/a receipt #1.yaml" }',
      ),
      { files: { 'invoice.json': INVOICE, 'schemas/a receipt #1.yaml': 'required: [shop]' } },
    );
    expect(config.sources.map(({ contracts }) => contracts)).toEqual([
      [],
      [
        { extractionId: 'inv', schema: JSON.parse(INVOICE) },
        { extractionId: 'rec', schema: { required: ['shop'] } },
      ],
    ]);
  });

  it('are self-contained once loaded, whatever files they name', () => {
    const { config } = load(withContracts('{ extractionId: inv, schema: schemas/invoice.json }'), {
      files: {
        'schemas/invoice.json': JSON.stringify({
          $id: 'https://example.com/its-own-id.json',
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          properties: { total: { $ref: 'parts.yaml#/$defs/money' } },
        }),
        'schemas/parts.yaml': '$defs: { money: { type: number } }',
      },
    });
    const check = compileSchema(structuredClone(config.sources[1]?.contracts[0]?.schema ?? false));
    expect(check({ total: 1 })).toEqual([]);
    expect(check({ total: '1' })).toMatchObject([{ path: '/total' }]);
  });

  it('may be for the same extraction in two sources, and once in each', () => {
    const source = (name: string) =>
      `{ name: ${name}, path: /${name}, secrets: [${name}-secret-1], contracts: [{ extractionId: inv, schema: i.json }] }`;
    const text = `destinations: []\nsources: [${source('a')}, ${source('b')}]`;
    expect(faultsOf(text, { files: { 'i.json': INVOICE } })).toEqual([]);
    const twice = withContracts(
      '{ extractionId: inv, schema: i.json }',
      '{ extractionId: inv, schema: i.json }',
    );
    expect(faultsOf(twice, { files: { 'i.json': INVOICE } })).toEqual([
      'shim.yaml:10:25 sources[1].contracts[1].extractionId: is taken by sources[1].contracts[0].extractionId; each must be unique',
    ]);
  });

  it.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
    ['missing', {}, /the file \/.*i\.json does not exist$/],
    ['no JSON', { 'i.json': '{"a": [1,' }, /i\.json:1:\d+ is not YAML/],
    ['no schema', { 'i.json': '[]' }, /i\.json holds no JSON Schema$/],
    ['misspelt', { 'i.json': '{"propertes": {}}' }, /does not compile: .*unknown keyword: "propertes"$/],
    [
      'of another draft',
      { 'i.json': '{"$schema": "http://json-schema.org/draft-07/schema#"}' },
      /"\$schema"/,
    ],
    ['naming a file that is missing', { 'i.json': '{"$ref": "y.json"}' }, /y\.json does not exist$/],
  ])('a file that is %s is a fault where it is named', (_what, files, message) => {
    const faults = faultsOf(withContracts('{ extractionId: inv, schema: ./i.json }'), { files });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^shim\.yaml:9:38 sources\[1\]\.contracts\[0\]\.schema: /);
    expect(faults[0]).toMatch(message);
  });
});
