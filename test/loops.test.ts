import { expect, it } from 'vitest';
import { ShimError, StoreError } from '../src/errors.js';
import { meetsOrSends } from '../src/loops.js';
import { memoryLog } from './support/http.js';

it('sends what a "when" does not come to an end with, and says so', async () => {
  const log = memoryLog();
  const endless = meetsOrSends(async () => {
    throw new ShimError('out_of_time', 'the convert thread took too long');
  }, log);
  expect(await endless('billing', {})).toBe(true);
  expect(log.lines).toEqual([expect.stringMatching(/"billing".*sent without regard to/)]);
});

it('sends nothing where it is not the "when" that fails', async () => {
  const failing = meetsOrSends(async () => {
    throw new StoreError('store_unavailable', 'the store is closed');
  }, memoryLog());
  await expect(failing('billing', {})).rejects.toThrow('the store is closed');
});
