import { describe, expect, it } from 'vitest';
import { fileText } from '../../src/formats/identity.js';
import { orderKeys } from '../../src/formats/order-keys.js';

const file = (more: object) =>
  fileText(JSON.stringify({ extractionId: 'e', batchId: 'b', fileId: 'f', ...more }));
const keys = (by: 'file' | 'batch' | 'extraction', ...files: readonly object[]) =>
  orderKeys(by, 'extracta', files.map(file));

describe('the lines of an event', () => {
  it('are told by what identifies a file, whatever its result and status', () => {
    expect(keys('file', { result: 1, status: 'processed' })).toEqual(keys('file', { result: 2 }));
    expect(keys('file', { fileId: 'g' })).not.toEqual(keys('file', {}));
    expect(keys('file', { batchId: 'c' })).not.toEqual(keys('file', {}));
  });

  it('are told by the batch, or by the extraction', () => {
    expect(keys('batch', { fileId: 'g' })).toEqual(keys('batch', {}));
    expect(keys('batch', { batchId: 'c' })).not.toEqual(keys('batch', {}));
    expect(keys('extraction', { batchId: 'c' })).toEqual(keys('extraction', {}));
    expect(keys('extraction', { extractionId: 'x' })).not.toEqual(keys('extraction', {}));
  });

  it('are as many as its files, batches or extractions', () => {
    const files = [{}, { fileId: 'g' }, { fileId: 'h', batchId: 'c' }];
    expect(keys('file', ...files)).toHaveLength(3);
    expect(keys('batch', ...files)).toHaveLength(2);
    expect(keys('extraction', ...files)).toHaveLength(1);
  });

  it('are the same for ever: what a release finds waiting is in line with what it puts there', () => {
    expect(keys('file', {})).toEqual(['-U4RZIH2R82JlvXxTMpZ_g']);
    expect(keys('batch', {})).toEqual(['tSc6fjxb9taZ7RI-c6t51w']);
    expect(keys('extraction', {})).toEqual(['QeksY8oZKLJmYcbxfaWupQ']);
    expect(keys('file')).toEqual(['eRo4jSTIrtvm5yAuDIVrTQ']);
  });

  it('are those of one source, and at least one', () => {
    expect(orderKeys('file', 'a', [file({})])).not.toEqual(orderKeys('file', 'b', [file({})]));
    expect(keys('file')).toHaveLength(1);
  });
});
