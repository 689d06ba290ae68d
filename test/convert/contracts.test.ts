import { describe, expect, it } from 'vitest';
import { createContracts } from '../../src/convert/contracts.js';
import { loadEventSchemas } from '../../src/convert/event-schemas.js';
import { normalize } from '../../src/convert/normalize.js';
import { ShimError } from '../../src/errors.js';
import { DEFAULT_STATUSES } from '../../src/formats/legacy.js';
import type { Format, Verified } from '../../src/model.js';

const schema = {
  type: 'object',
  required: ['total'],
  properties: { total: { type: 'number' }, lines: { items: { required: ['price'] } } },
};
const rules = {
  source: 'extracta',
  statuses: DEFAULT_STATUSES,
  checkSchema: loadEventSchemas(),
  checkContracts: createContracts([{ extractionId: 'inv', schema }]),
};
const file = (more: Readonly<Record<string, unknown>> = {}) => ({
  extractionId: 'inv',
  batchId: 'b',
  fileId: 'f',
  status: 'processed',
  result: { total: 1 },
  ...more,
});
const run = (format: Format, body: unknown) =>
  normalize({ body: JSON.stringify(body), format } as Verified<{ body: string; format: Format }>, rules);
const legacy = (...files: readonly unknown[]) => run('legacy', { result: JSON.stringify(files) });

describe('contracts', () => {
  it('let through what keeps them', () => expect(legacy(file(), file())).toMatchObject({ ok: true }));

  it('say where a file misses its own', () => {
    const bad = file({ result: { total: '1', lines: [{ price: 1 }, {}] } });
    expect(legacy(file(), bad, file({ result: {} }))).toEqual({
      ok: false,
      reason: 'contract_violation',
      errors: [
        'result[1].result.total must be number',
        "result[1].result.lines[1] must have required property 'price'",
        "result[2].result must have required property 'total'",
      ],
    });
  });

  it('look at the fields as they go out: in a string, lifted from a batch', () => {
    const files = [{ fileId: 'f', status: 'processed', result: '{"total":"1"}' }];
    const batch = { result: JSON.stringify({ extractionId: 'inv', batchId: 'b', files }) };
    expect(run('legacy', batch)).toMatchObject({ errors: ['result[0].result.total must be number'] });
  });

  it('are for files of their extraction that have fields', () => {
    expect(legacy(file({ extractionId: 'other', result: {} }))).toMatchObject({ ok: true });
    expect(legacy(file({ status: 'failed', result: {} }))).toMatchObject({ ok: true });
  });

  it('are not for failed files among those that were processed, in either format', () => {
    const failed = { extractionId: 'inv', batchId: 'b', fileId: 'g', status: 'failed', error: 'unreadable' };
    expect(legacy(file(), failed)).toMatchObject({ ok: true });
    expect(run('new', { event: 'extraction.processed', result: [file(), failed] })).toMatchObject({
      ok: true,
    });
  });

  it.each(['processed', 'edited', 'confirmed'])('hold for extraction.%s in the new format', (action) => {
    const event = `extraction.${action}`;
    expect(run('new', { event, result: [file({ result: {} })] })).toMatchObject({
      reason: 'contract_violation',
      errors: ["result[0].result must have required property 'total'"],
    });
  });

  it('leave failed files and other namespaces alone', () => {
    for (const event of ['extraction.failed', 'classification.done']) {
      expect(run('new', { event, result: [file({ result: {} })] })).toMatchObject({ ok: true });
    }
  });

  it('come after the schema of the event', () => {
    expect(legacy(file({ batchId: '', result: {} }))).toMatchObject({ reason: 'schema_violation' });
  });

  it('tell no more than a person can read', () => {
    const normalized = legacy(...Array.from({ length: 5_000 }, () => file({ result: {} })));
    expect(normalized).toMatchObject({ reason: 'contract_violation' });
    expect(normalized.ok ? [] : normalized.errors).toHaveLength(20);
  });

  it('cost nothing where there are none, and are compiled at once where there are', () => {
    expect(createContracts([])).toBeNull();
    expect(() => createContracts([{ extractionId: 'x', schema: { typ: 1 } }])).toThrow(ShimError);
  });
});
