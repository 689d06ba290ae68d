import { expect, it } from 'vitest';
import type { BatchConverter } from '../../src/convert/batch.js';
import { startConverting } from '../../src/convert/convert-loop.js';
import { StoreError } from '../../src/errors.js';
import type { Conversion, StoredWebhook, Verified } from '../../src/model.js';
import type { SavedConversion } from '../../src/store/rows.js';
import { memoryLog } from '../support/http.js';

const webhook = (id: number) => ({ id, source: 'extracta' }) as Verified<StoredWebhook>;
const conversion = (webhookId: number): Conversion => ({
  outcome: 'converted',
  webhookId,
  events: [],
  duplicatesSince: null,
});

/** A loop over webhooks that are handed out `size` at a time, and what it does, in order. */
function start(batches: readonly (readonly number[])[], options: { readonly failSave?: number } = {}) {
  const done: string[] = [];
  const left = batches.map((ids) => ids.map(webhook));
  let failures = options.failSave ?? 0;
  const converter: BatchConverter = {
    examine: async (webhooks) => {
      done.push(`examine ${webhooks.map(({ id }) => id).join()}`);
      return webhooks.map((each) => ({ webhook: each, conversion: conversion(each.id), files: [] }));
    },
    conclude: async (batch) => batch.map((each) => each.conversion),
  };
  const loop = startConverting({
    store: {
      claimWebhooks: async () => left.shift() ?? [],
      saveConversions: async (saved) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (failures-- > 0) throw new StoreError('store_full', 'the disk is full');
        done.push(`save ${saved.map(({ webhookId }) => webhookId).join()}`);
        return saved.map(({ webhookId }): SavedConversion => ({ webhookId, applied: true, events: [] }));
      },
    },
    converter,
    onEvent: () => {},
    onSaved: () => {},
    log: memoryLog(),
    now: Date.now,
    pollInterval: 10,
  });
  return { done, loop };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

it('examines the next batch while the one before it is saved, and saves in the order of arrival', async () => {
  const { done, loop } = start([[1, 2], [3], [4]]);
  await until(() => done.length === 6);
  await loop.stop();
  expect(done).toEqual(['examine 1,2', 'examine 3', 'save 1,2', 'examine 4', 'save 3', 'save 4']);
});

it('keeps what is examined where the store does not take what came before', async () => {
  const { done, loop } = start([[1], [2]], { failSave: 1 });
  await until(() => done.includes('save 2'));
  await loop.stop();
  expect(done).toEqual(['examine 1', 'examine 2', 'save 2']);
});

it('finishes what is examined before it stops', async () => {
  const { done, loop } = start([[1], [2], [3]]);
  await until(() => done.includes('examine 2'));
  await loop.stop();
  expect(done.filter((step) => step.startsWith('examine')).length).toBe(
    done.filter((step) => step.startsWith('save')).length,
  );
});
