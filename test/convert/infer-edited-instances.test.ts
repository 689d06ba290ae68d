import { expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { createBatchConverter, examineHere } from '../../src/convert/batch.js';
import { startConverting } from '../../src/convert/convert-loop.js';
import { createExamine } from '../../src/convert/examine.js';
import { saveConcluded } from '../../src/convert/save-concluded.js';
import { DEFAULT_STATUSES } from '../../src/formats/legacy.js';
import type { NewWebhook, Verified } from '../../src/model.js';
import type { Store } from '../../src/store/store.js';
import { storesOnOneDatabase } from '../store/postgres/two-stores.js';
import { only, T0 } from '../store/samples.js';
import { memoryLog } from '../support/http.js';

const config: Pick<Config, 'sources' | 'destinations'> = {
  sources: [
    {
      name: 'extracta',
      path: '/webhook',
      secrets: ['E_AI_K_infer-edited'],
      format: 'auto',
      dedupWindow: 24 * 3_600_000,
      statuses: DEFAULT_STATUSES,
      inferEdited: true,
      contracts: [],
      keepRefused: 0,
    },
  ],
  destinations: [],
};
const twoStores = storesOnOneDatabase();

type Body = Pick<NewWebhook, 'format' | 'body'>;
const fileOf = (fileId: string, total: number) => ({
  extractionId: 'e',
  batchId: 'b',
  fileId,
  status: 'processed',
  result: { total },
});
const legacy = (fileId: string, total: number): Body => ({
  format: 'legacy',
  body: JSON.stringify({ result: JSON.stringify([fileOf(fileId, total)]) }),
});
const recent = (fileId: string, total: number): Body => ({
  format: 'new',
  body: JSON.stringify({ event: 'extraction.processed', result: [fileOf(fileId, total)] }),
});

const put = (store: Store, ...bodies: readonly Body[]) =>
  store.putWebhooks(
    bodies.map(
      (body) =>
        ({
          source: 'extracta',
          receivedAt: T0,
          signature: 'checked',
          secretIndex: 0,
          ...body,
        }) as Verified<NewWebhook>,
    ),
  );

/** An instance that converts one webhook at a time, on demand. */
function instance(store: Store) {
  const converter = createBatchConverter(examineHere(createExamine(config)), store);
  return {
    claim: async () => converter.examine(await store.claimWebhooks({ limit: 1, now: T0, lease: 60_000 })),
    convert: async (batch: Awaited<ReturnType<typeof converter.examine>>) => {
      const names: string[] = [];
      const left = await saveConcluded(
        batch,
        converter,
        (conversions) => store.saveConversions(conversions, T0),
        (_, conversions, saved) => {
          for (const [index, conversion] of conversions.entries()) {
            if (saved[index]?.applied !== true || conversion.outcome !== 'converted') continue;
            names.push(...conversion.events.map(({ event }) => event.replace('extraction.', '')));
          }
        },
      );
      expect(left).toEqual([]);
      return only(names);
    },
  };
}

it('tells one edit of two webhooks of a file that two instances convert at the same moment', async () => {
  const stores = await twoStores();
  const [one, other] = [instance(stores[0]), instance(stores[1])];
  for (let round = 0; round < 60; round++) {
    await put(stores[0], legacy(`f${round}`, 1), legacy(`f${round}`, 2));
    const [first, second] = [await one.claim(), await other.claim()];
    const named = await Promise.all([one.convert(first), other.convert(second)]);
    expect(named.toSorted()).toEqual(['edited', 'processed']);
  }
});

it('takes a result for no edit only where it was accepted before the one that comes in the new format', async () => {
  const stores = await twoStores();
  const [one, other] = [instance(stores[0]), instance(stores[1])];
  for (let round = 0; round < 40; round++) {
    await put(stores[0], recent(`f${round}`, 1), legacy(`f${round}`, 2));
    const [first, second] = [await one.claim(), await other.claim()];
    const [modern, old] = await Promise.all([one.convert(first), other.convert(second)]);
    const latest = only(await stores[0].listSightings({ limit: 1 }));
    expect([modern, old, latest.format]).toEqual(
      old === 'edited' ? ['processed', 'edited', 'legacy'] : ['processed', 'processed', 'new'],
    );
  }
});

it('tells one result of each file from its edits, whichever of two instances converts them', async () => {
  const [one, other] = await twoStores();
  const stores = [one, other];
  const log = memoryLog();
  const loops = stores.map((store) =>
    startConverting({
      store,
      receiving: () => false,
      converter: createBatchConverter(examineHere(createExamine(config)), store),
      onEvent: () => {},
      onSaved: () => {},
      log,
      now: Date.now,
      pollInterval: 5,
    }),
  );
  onTestFinished(async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
  });
  const files = Array.from({ length: 20 }, (_, index) => `f${index}`);
  for (let total = 0; total < 8; total += 2) {
    await Promise.all(
      stores.map((store, index) => put(store, ...files.map((name) => legacy(name, total + index)))),
    );
  }
  const waits = async () => (await one.listEvents({ limit: 1_000 })).length < files.length * 8;
  while (await waits()) await new Promise((resolve) => setTimeout(resolve, 20));
  const rows = await one.listEvents({ limit: 1_000 });
  expect(rows.filter(({ event }) => event === 'extraction.processed')).toHaveLength(files.length);
  expect(rows.filter(({ event }) => event === 'extraction.edited')).toHaveLength(files.length * 7);
  expect(rows.every(({ duplicateOf }) => duplicateOf === null)).toBe(true);
  expect(log.lines.filter((line) => !line.includes('event stored'))).toEqual([]);
});
