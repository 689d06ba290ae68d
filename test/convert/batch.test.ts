import { expect, it } from 'vitest';
import { createBatchConverter, type ExamineAll, examineAlone } from '../../src/convert/batch.js';
import type { ResultFile } from '../../src/convert/infer-edited.js';
import { ShimError } from '../../src/errors.js';
import type { StoredWebhook, Verified } from '../../src/model.js';
import type { WebhookDetail } from '../../src/store/rows.js';

const webhook = (id: number) => ({ id, source: 'extracta' }) as Verified<StoredWebhook>;
const fault = (code: 'out_of_memory' | 'out_of_time' | 'store_unavailable') =>
  new ShimError(code, 'the thread ended');

/** A converter whose thread ends over some webhooks. */
function converterOf(options: {
  readonly tooLarge: readonly number[];
  readonly gone?: number;
  readonly code?: 'out_of_memory' | 'out_of_time';
}) {
  const calls: string[] = [];
  const examineAll: ExamineAll = async (examinations) => {
    const ids = examinations.map(([{ id }]) => id);
    calls.push(ids.join());
    if (ids.some((id) => options.tooLarge.includes(id))) throw fault(options.code ?? 'out_of_memory');
    return ids.map((id) => ({
      conversion: { outcome: 'converted', webhookId: id, events: [], duplicatesSince: null },
      files: [],
    }));
  };
  const converter = createBatchConverter(examineAll, {
    latestAccepted: async () => [],
    getWebhook: async (id) =>
      id === options.gone ? null : (webhook(id) as unknown as Verified<WebhookDetail>),
  });
  return { calls, examine: (ids: readonly number[]) => converter.examine(ids.map(webhook)) };
}

it('quarantines what takes more memory than there is, and goes on with the others', async () => {
  const { calls, examine } = converterOf({ tooLarge: [2], gone: 4 });
  const examined = await examine([1, 2, 3, 4]);

  expect(calls).toEqual(['1,2,3,4', '1', '2', '3']);
  expect(examined.map(({ webhook: { id }, conversion }) => [id, conversion.outcome])).toEqual([
    [1, 'converted'],
    [2, 'quarantined'],
    [3, 'converted'],
  ]);
  expect(examined[1]?.conversion).toMatchObject({ webhookId: 2, reason: 'internal_error' });
});

it('quarantines what takes longer than it may, saying where to look, and goes on with the others', async () => {
  const { calls, examine } = converterOf({ tooLarge: [1], code: 'out_of_time' });
  const examined = await examine([1, 2]);

  expect(calls).toEqual(['1,2', '1', '2']);
  expect(examined.map(({ conversion }) => conversion)).toMatchObject([
    { webhookId: 1, reason: 'internal_error', errors: [expect.stringContaining('"pattern"')] },
    { webhookId: 2, outcome: 'converted' },
  ]);
});

it('leaves any other fault to its caller', async () => {
  const converter = createBatchConverter(() => Promise.reject(fault('store_unavailable')), {
    latestAccepted: async () => [],
    getWebhook: async () => null,
  });
  await expect(converter.examine([webhook(1)])).rejects.toMatchObject({ code: 'store_unavailable' });
});

it('calls a webhook no fault of its own where another fault meets it alone', async () => {
  const examineAll = () => Promise.reject(fault('store_unavailable'));
  await expect(examineAlone(examineAll, [webhook(1)])).rejects.toMatchObject({ code: 'store_unavailable' });
});

it('quarantines an edit that takes longer than it may only as what it is, and goes on with the others', async () => {
  const file = (digest: number): ResultFile => ({
    place: 0,
    event: 'extraction.processed',
    subjects: [1, 2, 3].map((subject) => Uint8Array.of(subject)),
    digest: Uint8Array.of(digest),
    arrivedAt: digest,
    open: true,
  });
  const converter = createBatchConverter(
    async (examinations) => {
      if (examinations.some(([{ id }, inferred]) => id === 2 && inferred?.get(0) === 'extraction.edited')) {
        throw fault('out_of_time');
      }
      return examinations.map(([{ id }]) => ({
        conversion: { outcome: 'converted', webhookId: id, events: [], duplicatesSince: null },
        files: [file(id)],
      }));
    },
    {
      latestAccepted: async () => [{ subject: 0, digest: Uint8Array.of(0), arrivedAt: 0 }],
      getWebhook: async (id) => webhook(id) as unknown as Verified<WebhookDetail>,
    },
  );
  const examined = await converter.examine([1, 2, 3].map(webhook));

  expect(await converter.conclude(examined)).toMatchObject([
    { webhookId: 1, outcome: 'converted' },
    { webhookId: 2, outcome: 'quarantined', reason: 'internal_error' },
    { webhookId: 3, outcome: 'converted' },
  ]);
});
