import { expect, it } from 'vitest';
import { nameOf } from '../../src/store/file-key.js';

it('names a file by its own hashes, wherever in a buffer that others share they are', () => {
  const shared = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (offset: number) => ({
    subject: shared.subarray(offset, offset + 16),
    digest: shared.subarray(offset + 16, offset + 48),
  });
  expect(nameOf(at(0))).not.toBe(nameOf(at(64)));
  expect(nameOf(at(64))).toBe(nameOf({ subject: at(64).subject.slice(), digest: at(64).digest.slice() }));
});
