import { describe, expect, it } from 'vitest';
import { eventBody } from '../../src/formats/forward.js';
import { fileIdentity, fileText } from '../../src/formats/identity.js';
import { differencesOf, type LedgerEvent } from '../../src/migration/file-difference.js';
import type { ParityEntry } from '../../src/migration/parity.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const file = (id: string, result: string) =>
  `{"extractionId":"e","batchId":"b","fileId":"${id}","status":"processed","result":${result}}`;

const legacy = (files: readonly string[], event = 'extraction.processed'): LedgerEvent => ({
  source: 'extracta',
  event,
  body: null,
  webhook: { format: 'legacy', body: JSON.stringify({ result: `[${files.join(', ')}]` }) },
});
const recent = (files: readonly string[], event = 'extraction.processed'): LedgerEvent => ({
  source: 'extracta',
  event,
  body: null,
  webhook: { format: 'new', body: eventBody(event, `[${files.join(',')}]`) },
});

function entry(old: string, young: string, event = 'extraction.processed'): ParityEntry {
  const side = (text: string) => {
    const { subject, digest } = fileIdentity('extracta', event, fileText(text));
    return { subject: hex(subject), eventId: 1, at: 0, lastAt: 0, digest: hex(digest) };
  };
  const { subject } = side(old);
  return { source: 'extracta', subject, state: 'different', legacy: side(old), new: side(young), lag: 0 };
}

describe('differencesOf', () => {
  it('finds the file in each event and compares the results, every digit of them', () => {
    const [old, young] = [
      file('2', '{"total":12345678901234567890}'),
      file('2', '{"total":12345678901234567891}'),
    ];
    const before = legacy([file('1', '{"total":1}'), old]);
    const after = recent([young, file('3', '{"total":1}')]);
    expect(differencesOf(entry(old, young), before, after)).toEqual([
      { path: 'total', kind: 'value', legacy: '12345678901234567890', new: '12345678901234567891' },
    ]);
  });

  it('tells contents of the same file apart that came in one event', () => {
    const [old, other, young] = [file('1', '{"a":1}'), file('1', '{"a":2}'), file('1', '{"a":3}')];
    expect(differencesOf(entry(other, young), legacy([old, other]), recent([young]))).toMatchObject([
      { legacy: '2', new: '3' },
    ]);
  });

  it('reads an event that has a body of its own', () => {
    const [old, young] = [file('1', '{"a":1}'), file('1', '{}')];
    const stored = { ...legacy([]), body: eventBody('extraction.processed', `[${old}]`) };
    expect(differencesOf(entry(old, young), stored, recent([young]))).toMatchObject([
      { path: 'a', kind: 'missing' },
    ]);
  });

  it('compares the whole item in other namespaces, as its identity does', () => {
    const event = 'classification.done';
    const [old, young] = [file('1', '1').replace('processed', 'x'), file('1', '1')];
    expect(
      differencesOf(entry(old, young, event), recent([old], event), recent([young], event)),
    ).toMatchObject([{ path: 'status', legacy: '"x"', new: '"processed"' }]);
  });

  it('tells a result that is not there', () => {
    const failed = file('1', '1').replace(',"result":1', '');
    const young = file('1', '{"a":1}');
    expect(differencesOf(entry(failed, young), legacy([failed]), recent([young]))).toMatchObject([
      { path: '', kind: 'value', legacy: 'null' },
    ]);
  });

  it('says so where a side cannot be read any more', () => {
    const [old, young] = [file('1', '1'), file('1', '2')];
    expect(differencesOf(entry(old, young), null, recent([young]))).toBeNull();
    expect(differencesOf(entry(old, young), legacy([old]), recent([old]))).toBeNull();
  });
});
