import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { createBatchConverter, examineHere } from '../../src/convert/batch.js';
import { createExamine } from '../../src/convert/examine.js';
import { saveConcluded } from '../../src/convert/save-concluded.js';
import { toNew } from '../../src/formats/forward.js';
import { DEFAULT_STATUSES } from '../../src/formats/legacy.js';
import type { Conversion, NewWebhook, Verified } from '../../src/model.js';
import { openStore } from '../../src/store/open.js';
import type { Store } from '../../src/store/store.js';

const DAY = 24 * 3_600_000;
const source = {
  name: 'extracta',
  path: '/webhook',
  secrets: ['E_AI_K_infer-edited'],
  format: 'auto',
  dedupWindow: DAY,
  statuses: DEFAULT_STATUSES,
  inferEdited: true,
  contracts: [],
  keepRefused: 0,
} as const;
const config: Pick<Config, 'sources' | 'destinations'> = {
  sources: [source, { ...source, name: 'plain', inferEdited: false }],
  destinations: [],
};
const examine = createExamine(config);

const file = (total: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  extractionId: 'e',
  batchId: 'b',
  fileId: 'f',
  status: 'processed',
  result: { total },
  ...more,
});
type Body = Pick<NewWebhook, 'format' | 'body'>;
const legacy = (...files: readonly unknown[]): Body => ({
  format: 'legacy',
  body: JSON.stringify({ result: JSON.stringify(files) }),
});
const recent = (action: string, ...files: readonly unknown[]): Body => ({
  format: 'new',
  body: JSON.stringify({ event: `extraction.${action}`, result: files }),
});

let folder: string;
let store: Store;
let time: number;
let asked: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shim-infer-'));
  store = await openStore('sqlite:shim.db', { mode: 'own', cwd: folder });
  time = 1_700_000_000_000;
  asked = 0;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const receive = (bodies: readonly Body[], from = 'extracta') =>
  store.putWebhooks(
    bodies.map(
      (body) =>
        ({
          source: from,
          receivedAt: time,
          signature: 'checked',
          secretIndex: 0,
          ...body,
        }) as Verified<NewWebhook>,
    ),
  );

/** Converts webhooks in one batch. @returns the names of the events, with a mark where it is a duplicate. */
async function arrive(bodies: readonly Body[], from = 'extracta'): Promise<readonly string[]> {
  await receive(bodies, from);
  const webhooks = await store.claimWebhooks({ limit: 1_000, now: time, lease: 1_000 });
  const converter = createBatchConverter(examineHere(examine), {
    getWebhook: (id) => store.getWebhook(id),
    latestAccepted: (files) => {
      asked += 1;
      return store.latestAccepted(files);
    },
  });
  return save(await converter.conclude(await converter.examine(webhooks)));
}

async function save(conversions: readonly Conversion[]): Promise<readonly string[]> {
  const saved = await store.saveConversions(conversions, time);
  return conversions.flatMap((conversion, index) =>
    conversion.outcome === 'quarantined'
      ? [conversion.reason]
      : conversion.events.map(({ event }, at) => {
          const isRepeat = saved[index]?.events[at]?.duplicateOf !== null;
          return event.replace('extraction.', '') + (isRepeat ? ' again' : '');
        }),
  );
}

/** Takes all out of quarantine, once `reviewed` says as much as `processed`. */
async function retry(): Promise<readonly string[]> {
  const reviewed = { ...DEFAULT_STATUSES, reviewed: 'extraction.processed' };
  const examineNow = createExamine({ sources: [{ ...source, statuses: reviewed }], destinations: [] });
  const rows = await store.listQuarantine({ limit: 10 });
  const webhooks = await Promise.all(rows.map(({ id }) => store.getWebhook(id)));
  const converter = createBatchConverter(examineHere(examineNow), store);
  const examined = await converter.examine(webhooks.filter((webhook) => webhook !== null));
  return save(await converter.conclude(examined));
}

describe('inferEdited', () => {
  it('is an edit where the file comes again with another result', async () => {
    expect(await arrive([legacy(file(1))])).toEqual(['processed']);
    expect(await arrive([legacy(file(2))])).toEqual(['edited']);
    expect(await arrive([legacy(file(3))])).toEqual(['edited']);
  });

  it('is a repeat where it comes again with the same result, also of an edit', async () => {
    expect(await arrive([legacy(file(1))])).toEqual(['processed']);
    expect(await arrive([legacy(file(1))])).toEqual(['processed again']);
    expect(await arrive([legacy(file(2))])).toEqual(['edited']);
    expect(await arrive([legacy(file(2))])).toEqual(['edited again']);
  });

  it.each([{ fileId: undefined }, { fileId: '' }])(
    'is no edit of another file without an id: %j',
    async (id) => {
      expect(await arrive([legacy(file(1, { ...id, fileName: 'a.pdf' }))])).toEqual(['processed']);
      expect(await arrive([legacy(file(2, { ...id, fileName: 'b.pdf' }))])).toEqual(['processed']);
      expect(await arrive([legacy(file(1, { ...id, fileName: 'c.pdf' }))])).toEqual(['processed']);
    },
  );

  it('is an edit back to what it was', async () => {
    expect(await arrive([legacy(file(1))])).toEqual(['processed']);
    expect(await arrive([legacy(file(2))])).toEqual(['edited']);
    expect(await arrive([legacy(file(1))])).toEqual(['edited']);
    expect(await arrive([legacy(file(1))])).toEqual(['edited again']);
  });

  it('is no edit where it arrived before what was accepted meanwhile, as out of quarantine', async () => {
    const unknown = file(1, { status: 'reviewed' });
    expect(await arrive([legacy(unknown)])).toEqual(['unknown_status']);
    time += 60_000;
    expect(await arrive([recent('processed', file(1)), recent('edited', file(2))])).toEqual([
      'processed',
      'edited',
    ]);
    expect(await retry()).toEqual(['processed again']);
    time += 60_000;
    expect(await arrive([legacy(file(2)), legacy(file(3))])).toEqual(['edited again', 'edited']);
  });

  it('holds within one batch, and within one webhook', async () => {
    expect(await arrive([legacy(file(1)), legacy(file(2)), legacy(file(2)), legacy(file(1))])).toEqual([
      'processed',
      'edited',
      'edited again',
      'edited',
    ]);
    const other = { fileId: 'g' };
    expect(await arrive([legacy(file(1, other), file(2, other))])).toEqual(['processed', 'edited']);
  });

  it.each([1, 2])(
    "is the same event as the vendor's own in the new format, whichever comes first (%i)",
    async (way) => {
      await arrive([legacy(file(1))]);
      const both = [legacy(file(2)), recent('edited', file(2, { fileName: 'a.pdf' }))];
      const [first, second] = way === 1 ? both : [...both].reverse();
      expect([await arrive([first ?? legacy()]), await arrive([second ?? legacy()])]).toEqual([
        ['edited'],
        ['edited again'],
      ]);
      const [repeat, original] = await store.listEvents({ limit: 2 });
      expect(repeat?.messageId).toBe(original?.messageId);
      expect(repeat?.format).not.toBe(original?.format);
    },
  );

  it('is a repeat of what a person confirmed', async () => {
    await arrive([recent('processed', file(1))]);
    expect(await arrive([recent('confirmed', file(2))])).toEqual(['confirmed']);
    expect(await arrive([legacy(file(2))])).toEqual(['confirmed again']);
    expect(await arrive([legacy(file(3))])).toEqual(['edited']);
  });

  it('splits a webhook of which some files are edits, each file whole and in order', async () => {
    await arrive([legacy(file(1, { fileId: 'a' }), file('1.0', { fileId: 'c' }))]);
    const files = [
      '{"fileId":"a","extractionId":"e","batchId":"b","status":"processed","result":{"total":2.00}}',
    ];
    files.push(files[0]?.replace('"a"', '"b"') ?? '', files[0]?.replace('"a"', '"c"') ?? '');
    const body = JSON.stringify({ result: `[${files.join(' , ')}]` });
    expect(await arrive([{ format: 'legacy', body }])).toEqual(['edited', 'processed']);
    const [processed, edited] = await store.listEvents({ limit: 2 });
    const bodyOf = async (id = 0) => {
      const event = await store.getEvent(id);
      return event === null ? null : toNew({ ...event, plain: false }).body;
    };
    expect(await bodyOf(edited?.id)).toBe(`{"event":"extraction.edited","result":[${files[0]},${files[2]}]}`);
    expect(await bodyOf(processed?.id)).toBe(`{"event":"extraction.processed","result":[${files[1]}]}`);
  });

  it('carries the text over where all files are edits', async () => {
    await arrive([legacy(file(1), file(1, { fileId: 'g' }))]);
    const text = JSON.stringify([file(2), file(2, { fileId: 'g' })], null, 1);
    await arrive([{ format: 'legacy', body: JSON.stringify({ result: text }) }]);
    const [row] = await store.listEvents({ limit: 1 });
    const event = await store.getEvent(row?.id ?? 0);
    expect(event).toMatchObject({ event: 'extraction.edited', body: null });
    if (event === null) return;
    expect(toNew({ ...event, plain: false }).body).toBe(`{"event":"extraction.edited","result":${text}}`);
  });

  it('keeps a mixed batch apart: failed files, ids lifted from the batch', async () => {
    const batch = (total: number) => ({
      format: 'legacy' as const,
      body: JSON.stringify({
        result: JSON.stringify({
          extractionId: 'e',
          batchId: 'b',
          files: [
            { fileId: 'x', status: 'failed' },
            { fileId: 'f', status: 'processed', result: { total } },
          ],
        }),
      }),
    });
    expect(await arrive([batch(1)])).toEqual(['failed', 'processed']);
    expect(await arrive([batch(2)])).toEqual(['failed again', 'edited']);
  });

  it('is for the same file of the same batch, known by its id, and for legacy alone', async () => {
    await arrive([legacy(file(1))]);
    expect(await arrive([legacy(file(2, { batchId: 'other' }))])).toEqual(['processed']);
    expect(await arrive([legacy(file(2, { extractionId: 'other' }))])).toEqual(['processed']);
    expect(await arrive([recent('processed', file(2))])).toEqual(['processed']);
    const named = { fileId: undefined, fileName: 'a.pdf' };
    expect(await arrive([legacy(file(1, named)), legacy(file(2, named))])).toEqual([
      'processed',
      'processed',
    ]);
  });

  it('knows a file for as long as it is stored, over a restart', async () => {
    await arrive([legacy(file(1))]);
    time += 90 * DAY;
    await store.close();
    store = await openStore('sqlite:shim.db', { mode: 'own', cwd: folder });
    expect(await arrive([legacy(file(2))])).toEqual(['edited']);
  });

  it('looks again where another process saves a result of the file meanwhile', async () => {
    const meanwhile = [[legacy(file(1))], [legacy(file(3))], []];
    const tried: number[] = [];
    await receive([legacy(file(2)), legacy(file(2, { fileId: 'g' }))]);
    const webhooks = await store.claimWebhooks({ limit: 10, now: time, lease: 1_000 });
    const converter = createBatchConverter(examineHere(examine), store);
    const names: string[] = [];
    const left = await saveConcluded(
      await converter.examine(webhooks),
      converter,
      async (conversions) => {
        tried.push(conversions.length);
        await arrive(meanwhile.shift() ?? []);
        return store.saveConversions(conversions, time);
      },
      (_, conversions, saved) => {
        const applied = conversions.filter((_, index) => saved[index]?.applied === true);
        names.push(
          ...applied
            .flatMap((each) => (each.outcome === 'converted' ? each.events : []))
            .map(({ event }) => event),
        );
      },
    );
    expect(left).toEqual([]);
    expect(tried).toEqual([2, 1, 1]);
    expect(names).toEqual(['extraction.processed', 'extraction.edited']);
  });

  it('asks the store once for a batch, and never where no source of it infers', async () => {
    expect(await arrive([legacy(file(1)), legacy(file(2))], 'plain')).toEqual(['processed', 'processed']);
    expect(await arrive([recent('processed', file(1))])).toEqual(['processed']);
    expect(asked).toBe(0);
    await arrive([legacy(file(1)), legacy(file(2)), legacy(file(2, { fileId: 'g' }))]);
    expect(asked).toBe(1);
  });
});
