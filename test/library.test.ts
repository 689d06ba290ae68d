import { describe, expect, it } from 'vitest';
import { toLegacy } from '../src/index.js';

describe('toLegacy', () => {
  it('carries the result over as it was written', () => {
    expect(toLegacy('{"event":"a.b", "result": [ 1.0 ]}')).toBe('{"result":"[ 1.0 ]"}');
  });

  it.each(['event', '[]', '{"event":"a.b"}'])('makes nothing of what is no webhook: %s', (body) => {
    expect(() => toLegacy(body)).toThrow(expect.objectContaining({ name: 'RequestError', status: 400 }));
  });
});
