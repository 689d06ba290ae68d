import { describe, expect, it } from 'vitest';
import { driftJson, driftText } from '../../src/cli/drift-view.js';
import { loadConfig } from '../../src/config/load.js';
import { DRIFT_WINDOW, driftReport } from '../../src/migration/drift-report.js';
import type { ExtractionFields } from '../../src/store/rows.js';
import { startBuiltWork } from '../support/work.js';
import { configText, file, legacy, NOW, Place, signed } from './support.js';

const START = NOW - 10 * DRIFT_WINDOW;

/** An extraction that has been seen for long, with fields that came late or left early. */
const known = (
  fields: Readonly<Record<string, readonly [number, number]>>,
  id = 'inv',
): ExtractionFields => ({
  source: 'extracta',
  extractionId: id,
  firstAt: START,
  lastAt: NOW,
  count: 1_000,
  fields: Object.entries(fields).map(([path, [firstAt, lastAt]]) => ({ path, firstAt, lastAt, count: 100 })),
});

describe('the report of drift', () => {
  it('tells fields that came or went, of each extraction', async () => {
    const place = await Place.create();
    const day = DRIFT_WINDOW / 3;
    const others = Array.from({ length: 60 }, (_, index) => known({ a: [START, NOW] }, `other${index}`));
    const report = await place.store(async (store) => {
      await store.recordFields([
        ...others,
        known({ total: [START, NOW], vat: [NOW - day, NOW], iban: [START, NOW - 6 * day] }),
      ]);
      return driftReport(store, NOW);
    });
    expect(driftText(report)).toBe(
      [
        'SOURCE    EXTRACTION  FIELD  IS              SINCE',
        'extracta  inv         iban   no longer seen  2026-02-23T12:00:00Z',
        'extracta  inv         vat    new             2026-02-28T12:00:00Z',
        '',
      ].join('\n'),
    );
    expect(driftJson(report)).toEqual([
      {
        source: 'extracta',
        extractionId: 'inv',
        path: 'iban',
        kind: 'vanished',
        at: '2026-02-23T12:00:00.000Z',
        count: 100,
      },
      {
        source: 'extracta',
        extractionId: 'inv',
        path: 'vat',
        kind: 'new',
        at: '2026-02-28T12:00:00.000Z',
        count: 100,
      },
    ]);
  });

  it('is part of stats', async () => {
    const place = await Place.create();
    await place.store((store) => store.recordFields([known({ vat: [NOW - 1_000, NOW] })]));
    expect((await place.run('stats')).stdout).toMatch(/^extracta +inv +vat +new +2026-03-01T11:59:59Z$/m);
    expect(JSON.parse((await place.run('stats --json')).stdout)).toMatchObject({
      drift: [{ path: 'vat', kind: 'new' }],
    });
  });

  it('says so where there is none', () => {
    expect(driftText([])).toBe('No fields came or went (by a sample of the results).\n');
  });

  it('has what the running service saw, written down when it stops at the latest', async () => {
    const place = await Place.create(configText().replace('sources:', 'log: { level: silent }\nsources:'));
    const { config } = loadConfig({ file: 'shim.yaml', env: {}, cwd: place.folder });
    const work = await startBuiltWork({
      role: 'all',
      config: { ...config, destinations: [] },
      cwd: place.folder,
    });
    await work.putWebhooks([
      signed({ body: legacy([file({ result: { total: 1, lines: [{ price: 2 }] } })]) }),
    ]);
    while ((await place.run('events list --json')).stdout.includes('"events": []')) await nextTurn();
    await work.stop(0);
    const [fields] = await place.store((store) => store.listFields({ limit: 2 }));
    expect(fields).toMatchObject({ source: 'extracta', extractionId: 'OXsMc1pD', count: 1 });
    expect(fields?.fields.map(({ path }) => path)).toEqual(['lines', 'lines[].price', 'total']);
  });
});

const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 10));
