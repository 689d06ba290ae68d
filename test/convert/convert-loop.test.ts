import { expect, it } from 'vitest';
import type { BatchConverter } from '../../src/convert/batch.js';
import { startConverting } from '../../src/convert/convert-loop.js';
import { StoreError } from '../../src/errors.js';
import type { Conversion, ConvertedEvent, StoredWebhook, Verified } from '../../src/model.js';
import type { SavedConversion } from '../../src/store/rows.js';
import { memoryLog } from '../support/http.js';

const webhook = (id: number) => ({ id, source: 'extracta' }) as Verified<StoredWebhook>;
const conversion = (webhookId: number): Conversion => ({
  outcome: 'converted',
  webhookId,
  events: [],
  duplicatesSince: null,
});

const conversionOfMany = (webhookId: number): Conversion => ({
  ...conversion(webhookId),
  outcome: 'converted',
  duplicatesSince: null,
  events: [{ event: 'a.b', files: Array.from({ length: 60_000 }) } as unknown as ConvertedEvent],
});

const ids = (conversions: readonly Conversion[]): string =>
  conversions.map(({ webhookId }) => webhookId).join();

/** A loop over webhooks that are handed out `size` at a time, and what it does, in order. */
function start(
  batches: readonly (readonly number[])[],
  options: {
    readonly failSave?: number;
    /** The store cannot take these, nor any batch that they are in. */
    readonly untakable?: readonly number[];
    readonly receiving?: boolean;
    /** How often each of these webhooks is stale. */
    readonly stale?: Readonly<Record<number, number>>;
    /** The one that has very many files. */
    readonly large?: number;
    /** The one that takes half a minute. */
    readonly slow?: number;
  } = {},
) {
  const done: string[] = [];
  const concluded: string[] = [];
  const stored: string[] = [];
  const limits: number[] = [];
  const left = batches.map((ids) => ids.map(webhook));
  let failures = options.failSave ?? 0;
  let passed = 0;
  const stale = new Map(Object.entries(options.stale ?? {}).map(([id, times]) => [Number(id), times]));
  const log = memoryLog();
  const converter: BatchConverter = {
    examine: async (webhooks) => {
      done.push(`examine ${webhooks.map(({ id }) => id).join()}`);
      if (webhooks.some(({ id }) => id === options.slow)) passed += 30_000;
      return webhooks.map((each) => ({
        webhook: each,
        conversion: each.id === options.large ? conversionOfMany(each.id) : conversion(each.id),
        files: [],
      }));
    },
    conclude: async (batch) => {
      concluded.push(ids(batch.map((each) => each.conversion)));
      return batch.map((each) => each.conversion);
    },
  };
  const loop = startConverting({
    store: {
      claimWebhooks: async ({ limit }) => {
        limits.push(limit);
        return left.shift() ?? [];
      },
      saveConversions: async (saved) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (failures-- > 0) throw new StoreError('store_full', 'the disk is full');
        if (saved.some(({ webhookId }) => options.untakable?.includes(webhookId))) {
          throw new StoreError('store_unavailable', 'a value that it cannot take');
        }
        done.push(`save ${ids(saved)}`);
        return saved.map(({ webhookId }): SavedConversion => {
          const times = stale.get(webhookId) ?? 0;
          stale.set(webhookId, times - 1);
          if (times > 0) return { webhookId, applied: false, stale: true, events: [] };
          const event = { id: webhookId, messageId: 'evt', duplicateOf: null, deliveries: 1 };
          return { webhookId, applied: true, events: [event] };
        });
      },
    },
    converter,
    receiving: () => options.receiving ?? false,
    onEvent: (source, event) => stored.push(`${source} ${event}`),
    onSaved: () => {},
    log,
    now: () => Date.now() + passed,
    pollInterval: 10,
  });
  return { done, concluded, stored, limits, log, loop };
}

const warnings = (log: ReturnType<typeof memoryLog>): readonly string[] =>
  log.lines.filter((line) => !line.includes('event stored'));

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

it('examines the next batch while the one before it is saved, and saves in the order of arrival', async () => {
  const { done, loop } = start([[1, 2], [3], [4]]);
  await until(() => done.length === 6);
  await loop.stop();
  expect(done).toEqual(['examine 1,2', 'examine 3', 'save 1,2', 'examine 4', 'save 3', 'save 4']);
});

it('does one after the other while senders wait, so that their answers come first', async () => {
  const { done, loop } = start([[1, 2], [3]], { receiving: true });
  await until(() => done.length === 4);
  await loop.stop();
  expect(done).toEqual(['examine 1,2', 'save 1,2', 'examine 3', 'save 3']);
});

it('saves what took longer than its claim before it claims again, which would bring the same', async () => {
  const { done, loop } = start([[1], [2], [3]], { slow: 1 });
  await until(() => done.length === 6);
  await loop.stop();
  expect(done).toEqual(['examine 1', 'save 1', 'examine 2', 'examine 3', 'save 2', 'save 3']);
});

it('begins with one webhook, takes more each time, and one again after very many files', async () => {
  const { limits, loop } = start([[1], [2], [3], [4], [5], [6], [7]], { large: 5 });
  await until(() => limits.length > 7);
  await loop.stop();
  expect(limits.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 1, 2, 4]);
});

it('keeps what is examined where the store does not take what came before', async () => {
  const { done, loop } = start([[1], [2]], { failSave: 1 });
  await until(() => done.includes('save 2'));
  await loop.stop();
  expect(done).toEqual(['examine 1', 'examine 2', 'save 2']);
});

it('saves what came with a conversion that the store cannot take, and says which that was', async () => {
  const { done, stored, log, loop } = start([[1, 2, 3], [4]], { untakable: [2] });
  await until(() => done.includes('save 4'));
  await loop.stop();
  expect(done.filter((step) => step.startsWith('save'))).toEqual(['save 1', 'save 3', 'save 4']);
  expect(stored).toHaveLength(3);
  expect(warnings(log)).toEqual([
    expect.stringMatching(/"webhook":2.*conversion not saved; tried again later/),
  ]);
});

it('says that the store does not work where it takes none of a batch', async () => {
  const { done, log, loop } = start([[1, 2], [3]], { untakable: [1, 2] });
  await until(() => done.includes('save 3'));
  await loop.stop();
  expect(warnings(log).join('\n')).toContain('converting stopped: the store does not work');
});

it('says once that the store does not work, and once that it works again', async () => {
  const { done, log, loop } = start([[1], [2], [3]], { failSave: 2 });
  await until(() => done.includes('save 3'));
  await until(() => log.lines.some((line) => line.includes('works again')));
  await loop.stop();
  const said = log.lines.filter((line) => line.includes('the store'));
  expect(said).toHaveLength(2);
  expect(said[0]).toContain('converting stopped: the store does not work; trying again');
  expect(said[1]).toContain('converting: the store works again');
});

it('finishes what is examined before it stops', async () => {
  const { done, loop } = start([[1], [2], [3]]);
  await until(() => done.includes('examine 2'));
  await loop.stop();
  expect(done.filter((step) => step.startsWith('examine')).length).toBe(
    done.filter((step) => step.startsWith('save')).length,
  );
});

it('concludes anew what is stale, before what comes after it is saved, and tells of each event once', async () => {
  const { done, concluded, stored, log, loop } = start([[1, 2, 3], [4]], { stale: { 2: 2, 3: 1 } });
  await until(() => done.includes('save 4'));
  await loop.stop();
  expect(done.filter((step) => step.startsWith('save'))).toEqual([
    'save 1,2,3',
    'save 2,3',
    'save 2',
    'save 4',
  ]);
  expect(concluded).toEqual(['1,2,3', '2,3', '2', '4']);
  expect(stored).toHaveLength(4);
  expect(warnings(log)).toEqual([]);
});

it('leaves what is stale ever again to a later claim, and says so', async () => {
  const { done, log, loop } = start([[1, 2], [3]], { stale: { 2: 1_000 } });
  await until(() => done.includes('save 3'));
  await loop.stop();
  expect(done.filter((step) => step === 'save 2')).toHaveLength(10);
  expect(warnings(log)).toEqual(['{"webhook":2} "its files change all the time; converted later"']);
});

it('tries as long as something is saved each time', async () => {
  const many = Array.from({ length: 30 }, (_, index) => index);
  const { done, log, loop } = start([many, [99]], { stale: Object.fromEntries(many.entries()) });
  await until(() => done.includes('save 99'));
  await loop.stop();
  expect(done.filter((step) => step.startsWith('save'))).toHaveLength(31);
  expect(warnings(log)).toEqual([]);
});
