import { describe, expect, it } from 'vitest';
import type { NewWebhook } from '../../src/model.js';
import { configText, file, legacy, MINUTE, NOW, Place } from './support.js';

type Content = Parameters<typeof file>[0];

const asLegacy = (content: Content, at = NOW - 10 * MINUTE): Partial<NewWebhook> => ({
  body: legacy([file(content)]),
  receivedAt: at,
});
const asNew = (content: Content, at = NOW - 10 * MINUTE, source = 'extracta'): Partial<NewWebhook> => ({
  source,
  format: 'new',
  body: JSON.stringify({ event: 'extraction.processed', result: [file(content)] }),
  receivedAt: at,
});

/** One file of each state, and one that waits. */
async function oneOfEach(): Promise<Place> {
  const place = await Place.create();
  const at = NOW - 10 * MINUTE;
  await place.receive(
    asLegacy({ fileId: 'same' }, at),
    asNew({ fileId: 'same' }, at + 300),
    asLegacy({ fileId: 'old' }, at + 1_000),
    asNew({ fileId: 'young' }, at + 2_000),
    asLegacy({ fileId: 'odd', result: { total: 100, items: [1, 2], a: 'x' } }, at + 3_000),
    asNew({ fileId: 'odd', result: { total: 120, items: [2, 1], b: '\x1b[2J' } }, at + 2_500),
    asLegacy({ fileId: 'fresh' }, NOW - 5_000),
  );
  return place;
}

describe('parity', () => {
  it('counts what came in both formats and lists what did not come the same, with each difference', async () => {
    const place = await oneOfEach();
    const { status, stdout, stderr } = await place.run('parity');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'SOURCE | MATCHED | LEGACY ONLY | NEW ONLY | DIFFERENT | WAITING | LAG P50 | LAG P99 | LAG MAX',
      'extracta | 1 | 1 | 1 | 1 | 1 | 300ms | 300ms | 300ms',
      '',
      'SEEN | SOURCE | EVENT | STATE | LEGACY ID | NEW ID | LAG | CLASS',
      '2026-03-01T11:50:02Z | extracta | extraction.processed | different | 5 | 6 | -500ms | value',
      '2026-03-01T11:50:02Z | extracta | extraction.processed | new_only | - | 4 | - | -',
      '2026-03-01T11:50:01Z | extracta | extraction.processed | legacy_only | 3 | - | - | -',
      '',
      'Event 5 (legacy) and event 6 (new)',
      'PATH | DIFFERENCE | LEGACY | NEW',
      'total | value | 100 | 120',
      'items | order | [1,2] | [2,1]',
      'a | missing | "x" | -',
      'b | extra | - | "\\u001b[2J"',
      '',
    ]);
  });

  it('prints one JSON document with stable names', async () => {
    const place = await oneOfEach();
    const { stdout } = await place.run('parity --json --state different');
    const totals = {
      matched: 1,
      legacyOnly: 1,
      newOnly: 1,
      different: 1,
      waiting: 1,
      lagMs: { p50: 300, p99: 300, max: 300 },
      lastLegacyOnlyAt: '2026-03-01T11:50:01.000Z',
    };
    expect(JSON.parse(stdout)).toEqual({
      ...totals,
      sources: [{ source: 'extracta', ...totals }],
      files: [
        {
          source: 'extracta',
          event: 'extraction.processed',
          state: 'different',
          seenAt: '2026-03-01T11:50:02.500Z',
          legacy: { event: 5, receivedAt: '2026-03-01T11:50:03.000Z' },
          new: { event: 6, receivedAt: '2026-03-01T11:50:02.500Z' },
          lagMs: -500,
          class: 'value',
          differences: expect.arrayContaining([{ path: 'total', kind: 'value', legacy: '100', new: '120' }]),
        },
      ],
      more: 0,
      completeSince: null,
    });
  });

  it.each([
    ['--state matched', ['matched']],
    ['--state legacy_only', ['legacy_only']],
    ['--state new_only', ['new_only']],
    ['--limit 1', ['different']],
    ['--since 2026-03-01T11:50:02', ['different', 'new_only']],
    ['--until 2026-03-01T11:50:02', ['legacy_only']],
    ['--since 1m', []],
  ])('lists what %s asks for', async (filter, states) => {
    const place = await oneOfEach();
    const { files }: { files: { state: string }[] } = JSON.parse(
      (await place.run(`parity --json ${filter}`)).stdout,
    );
    expect(files.map(({ state }) => state)).toEqual(states);
  });

  it('says how many more there are', async () => {
    const place = await oneOfEach();
    expect((await place.run('parity --limit 1')).stderr).toBe('2 more: add --limit 3\n');
  });

  it('tells a harmless difference from a grave one', async () => {
    const place = await Place.create();
    const spelt = (total: string): string =>
      `[${JSON.stringify(file()).replace('{"total":100}', `{"total":${total}}`)}]`;
    await place.receive(
      { body: JSON.stringify({ result: spelt('1e2') }) },
      { format: 'new', body: `{"event":"extraction.processed","result":${spelt('100.0')}}` },
    );
    const { stdout } = await place.run('parity');
    expect(stdout).toMatch(/different +1 +2 +0s +number$/m);
    expect(stdout).toMatch(/^total +number +1e2 +100\.0$/m);
  });

  it('sums up several sources', async () => {
    const place = await Place.create();
    const source = 'name: other\n    path: /other\n    secrets: [a-secret-of-another]';
    await place.write('shim.yaml', configText().replace('destinations:', `  - ${source}\ndestinations:`));
    await place.receive(asLegacy({}), asNew({}), asNew({}, NOW - 5 * MINUTE, 'other'));
    const { stdout, stderr } = await place.run('parity');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^extracta +1 +0 +0 +0 +0 /m);
    expect(stdout).toMatch(/^other +0 +0 +1 +0 +0 /m);
    expect(stdout).toMatch(/^\(all\) +1 +0 +1 +0 +0 /m);
  });

  it('says that all is well where it is', async () => {
    const place = await Place.create();
    await place.receive(asLegacy({}), asNew({}));
    expect((await place.run('parity')).stdout).toContain('\nEvery file came the same in both formats.\n');
    await place.receive(asLegacy({ fileId: 'fresh' }, NOW - 1));
    expect((await place.run('parity')).stdout).toContain(
      '\nEvery file that is not waiting for the other format',
    );
    expect((await place.run('parity --state different')).stdout).toContain('\nNo file is different.\n');
  });

  it('says what to do where nothing came yet, with a store and without', async () => {
    const place = await Place.create();
    const hint = /No files yet.*Switch on both formats at the vendor.*webhook-shim send URL --format legacy/;
    expect(await place.run('parity')).toMatchObject({ status: 0, stdout: expect.stringMatching(hint) });
    expect(JSON.parse((await place.run('parity --json')).stdout)).toMatchObject({ matched: 0, files: [] });
    await place.receive();
    expect((await place.run('parity')).stdout).toMatch(hint);
    expect((await place.run('parity --since 2h')).stdout).toBe('No files came in this period.\n');
  });

  it('says so while only one format comes', async () => {
    const place = await Place.create();
    await place.receive(asLegacy({}));
    expect((await place.run('parity')).stdout).toContain(
      '\nSo far only the legacy format came: switch on the new one at the vendor beside it.\n',
    );
  });
});
