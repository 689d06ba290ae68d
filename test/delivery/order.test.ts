import { describe, expect, it } from 'vitest';
import { keysOf } from '../../src/delivery/order.js';
import { claimed, legacyBody } from './deliveries.js';

const file = (id: string) => ({ extractionId: 'e', batchId: 'b', fileId: id });
const legacy = (...ids: readonly string[]) =>
  claimed({ webhookBody: legacyBody(JSON.stringify(ids.map((id) => file(id)))) });
const own = (...ids: readonly string[]) =>
  JSON.stringify({ event: 'extraction.processed', result: ids.map((id) => file(id)) });
const keyOf = (id: string) => keysOf('file', 'new', legacy(id))[0];

describe('the lines of a delivery', () => {
  it('are those of what goes out', () => {
    expect(keysOf('file', 'new', legacy('f', 'g'))).toEqual([keyOf('f'), keyOf('g')]);
    expect(keysOf('file', 'new', { ...legacy('f', 'g'), body: own('g') })).toEqual([keyOf('g')]);
    expect(keysOf('file', 'legacy', { ...legacy('f', 'g'), body: own('g'), whole: false })).toEqual([
      keyOf('g'),
    ]);
  });

  it('are those of all of its events where the webhook goes out as it came', () => {
    expect(keysOf('file', 'legacy', { ...legacy('f', 'g'), body: own('g') })).toEqual([
      keyOf('f'),
      keyOf('g'),
    ]);
    const batch = claimed({
      webhookBody: legacyBody(
        JSON.stringify({ extractionId: 'e', batchId: 'b', files: [{ fileId: 'f' }, { fileId: 'g' }] }),
      ),
    });
    expect(keysOf('file', 'legacy', batch)).toEqual([keyOf('f'), keyOf('g')]);
  });

  it('are the same in both formats', () => {
    const modern = claimed({ format: 'new', webhookBody: own('f') });
    expect(keysOf('file', 'new', modern)).toEqual([keyOf('f')]);
  });

  it('are one where it cannot be read, so that it waits for ever in none', () => {
    expect(keysOf('file', 'new', claimed({ webhookBody: 'no JSON' }))).toHaveLength(1);
  });
});
