import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXTRACTION_EVENTS } from '../../src/formats/extraction-events.js';
import { fileIdentity, fileText, fileValue, messageId } from '../../src/formats/identity.js';
import { jsonText } from '../support/json-text.js';

const id = (event: string, ...files: readonly string[]) =>
  messageId(
    'extracta',
    event,
    files.map((text) => fileIdentity('extracta', event, fileText(text))),
  );
const failed = (more: string) => `{"extractionId":"e","batchId":"b",${more},"status":"failed"}`;

describe('the identity of a file', () => {
  it('goes by its name where its id is empty, which is the id of every such file', () => {
    const [a, b] = [failed('"fileId":"","fileName":"a.pdf"'), failed('"fileId":"","fileName":"b.pdf"')];
    expect(id('extraction.failed', a)).not.toBe(id('extraction.failed', b));
    expect(id('extraction.failed', a)).toBe(id('extraction.failed', failed('"fileName":"a.pdf"')));
  });

  it('goes by its id alone where it has one', () => {
    const [a, b] = [failed('"fileId":"f","fileName":"a.pdf"'), failed('"fileId":"f","fileName":"b.pdf"')];
    expect(id('extraction.failed', a)).toBe(id('extraction.failed', b));
  });

  it.each(EXTRACTION_EVENTS)('goes by ids and result in %s, whatever else it says', (event) => {
    const file = (more: string) =>
      `{"extractionId":"e","batchId":"b","fileId":"f","status":"processed",${more}}`;
    expect(id(event, file('"result":{"a":1},"url":"x"'))).toBe(id(event, file('"url":"y","result":{"a":1}')));
    expect(id(event, file('"result":{"a":1}'))).not.toBe(id(event, file('"result":{"a":2}')));
  });

  it.each(['extraction.queued', 'classification.processed'])(
    'is all of it in %s, of which nobody knows what its items are',
    (event) => {
      fc.assert(
        fc.property(jsonText, jsonText, (one, other) => {
          const isSame = fileText(one).whole() === fileText(other).whole();
          expect(id(event, one) === id(event, other)).toBe(isSame);
        }),
      );
      expect(id(event, '{"documentId":"1"}')).not.toBe(id(event, '{"documentId":"2"}'));
      expect(id(event, '"1"')).not.toBe(id(event, '"2"'));
    },
  );

  it('is the same for ever: by what is stored, a release must recognise what comes again', () => {
    const event = 'extraction.processed';
    const identities = [
      '{"extractionId":"e","batchId":"b","fileId":"f","result":{"total":"\\u20ac 5","n":1.50}}',
      '{"extractionId":"e","fileId":"","fileName":"a.pdf"}',
    ].map((text) => fileIdentity('extracta', event, fileText(text)));
    expect(
      identities.map(({ subject, digest }) =>
        [subject, digest].map((each) => Buffer.from(each).toString('hex')),
      ),
    ).toEqual([
      [
        'dd85e9f14d524abd951ccc2e639898b4',
        '6d2cd4fa108dd7140dfa9f471e853f0c451c36f81234148eacfb660de55ead2f',
      ],
      [
        'c2e6a11f9323b7a7e69a90ffbff7b8f2',
        'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      ],
    ]);
    for (const files of [identities, identities.toReversed()]) {
      expect(messageId('extracta', event, files)).toBe('evt_ON2TIqvSB-NDwwzbYBps43nu');
    }
  });

  it.each(['null', '7', '"f"', '[]', '{}'])('is that of the whole item where it is no file: %s', (text) => {
    const byValue = fileIdentity('s', 'a.b', fileValue(JSON.parse(text)));
    expect(byValue).toEqual(fileIdentity('s', 'a.b', fileText(text)));
  });

  it('is the same by value, for text as JSON.stringify writes it', () => {
    const members = fc.array(fc.tuple(fc.constantFrom('fileId', 'fileName', 'result', 'batchId'), jsonText));
    fc.assert(
      fc.property(members, fc.constantFrom('extraction.failed', 'a.b'), (pairs, event) => {
        const value: unknown = JSON.parse(`{${pairs.map(([key, text]) => `"${key}":${text}`).join(',')}}`);
        const text = JSON.stringify(value);
        expect(fileIdentity('s', event, fileValue(value))).toEqual(fileIdentity('s', event, fileText(text)));
      }),
    );
  });
});
