import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configText, file, legacy, NOW, Place } from './support.js';

const SLIPS: readonly (readonly [string, string])[] = [
  [
    'deliveries list --destination biling',
    '--destination biling is the name of no destination; did you mean "billing"?',
  ],
  ['replay --since 1h --from biling', '--from biling is the name of no destination; did you mean "billing"?'],
  [
    'replay --since 1h --to biling',
    '--to biling is the name of no configured destination; did you mean "billing"?',
  ],
  ['destinations pause biling', 'biling is the name of no configured destination; did you mean "billing"?'],
  [
    'destinations move x --to biling',
    '--to biling is the name of no configured destination; did you mean "billing"?',
  ],
  ['destinations move crm --to billing', 'crm is the name of no destination; there are billing'],
  ['destinations discard biling --note x', 'biling is the name of no destination; did you mean "billing"?'],
  [
    'ready --destination billing --instead-of biling',
    '--instead-of biling is the name of no configured destination; did you mean "billing"?',
  ],
  ['events list --source extarcta', '--source extarcta is the name of no source; did you mean "extracta"?'],
  [
    'events list --event extraction.fail',
    '--event extraction.fail is the name of no event; did you mean "extraction.failed"?',
  ],
  ['quarantine list --source x', '--source x is the name of no source; there are extracta'],
  ['refused list --source extract', '--source extract is the name of no source; did you mean "extracta"?'],
  [
    'convert --source extract',
    '--source extract is the name of no configured source; did you mean "extracta"?',
  ],
];

describe.each([
  ['with a store', true],
  ['without one', false],
])('a name that nobody knows, %s', (_name, stored) => {
  // Those that change something need a store, and say so first.
  const slips = SLIPS.filter(([args]) => stored || !/^(replay|destinations)/.test(args));
  it.each(slips)('is no name for which nothing came: %s', async (args, message) => {
    const place = await Place.create();
    if (stored) await place.receive({});
    expect(await place.run(args)).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\n` });
    if (args.includes(' list '))
      expect(await place.run(`${args} --json`)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('a name that is no longer configured', () => {
  /** All that came before is of `extracta` and for `billing`, which now have other names. */
  async function renamed(): Promise<Place> {
    const place = await Place.create();
    await place.receive({}, { body: legacy([file({ status: 'odd', fileId: 'fil_2' })]) });
    const refused = { day: NOW - (NOW % 86_400_000), reason: 'no_signature', count: 1 } as const;
    await place.store((store) =>
      store.recordRefused([{ source: 'former', counts: [refused], samples: [], keep: 0 }]),
    );
    const text = configText().replace('name: extracta', 'name: vendor').replace('name: billing', 'name: crm');
    await place.write('shim.yaml', text);
    return place;
  }

  it.each([
    ['deliveries list --destination billing', / billing /],
    ['replay --since 1h --from billing --to crm', /1 delivery made/],
    ['destinations move billing --to crm', /1 delivery moved to crm/],
    ['events list --source extracta', / extracta /],
    ['quarantine list --source extracta', / extracta /],
    ['refused list --source former', /former +2026-03-01 +1 /],
  ])('is known by what is stored: %s', async (args, shown) => {
    const place = await renamed();
    expect(await place.run(args)).toMatchObject({ status: 0, stdout: expect.stringMatching(shown) });
  });

  it('is told where another is typed', async () => {
    const place = await renamed();
    await place.deliver('billing');
    const { stderr } = await place.run('deliveries list --destination biling');
    expect(stderr).toBe(
      'error: --destination biling is the name of no destination; did you mean "billing"?\n',
    );
  });
});

it('takes an event of a name of its own for known once it came', async () => {
  const place = await Place.create();
  const body = JSON.stringify({ event: 'classification.done', result: [] });
  expect(await place.run('events list --event classification.done')).toMatchObject({ status: 2 });
  await place.receive({ format: 'new', body });
  const { status, stdout } = await place.run('events list --event classification.done');
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('classification.done') });
});

it.each([
  ['deliveries list --event 7', 'there is no event 7'],
  ['deliveries list --before 7', 'there is no delivery 7'],
  ['events list --before 7', 'there is no event 7'],
])('says that a number is that of nothing: %s', async (args, message) => {
  const place = await Place.create();
  await place.receive({});
  expect(await place.run(args)).toEqual({ status: 1, stdout: '', stderr: `error: ${message}\n` });
  expect(await place.run(args.replace('7', '1'))).toMatchObject({ status: 0, stderr: '' });
});

it.each([
  ['events list --since 1h --until 2h', '--since 1h is not before --until 2h'],
  [
    'deliveries list --since 2026-02-01 --until 2026-02-01',
    '--since 2026-02-01 is not before --until 2026-02-01',
  ],
  ['replay --since 2027-01-01', '--since 2027-01-01 is yet to come: nothing has come from then on'],
  ['parity --since 1h --until 2h', '--since 1h is not before --until 2h'],
])('takes no period in which nothing can have come: %s', async (args, message) => {
  const place = await Place.create();
  await place.receive({});
  expect(await place.run(args)).toEqual({ status: 2, stdout: '', stderr: `error: ${message}\n` });
});

it('says nothing of an error where a known name has nothing', async () => {
  const place = await Place.create();
  await place.receive({});
  for (const args of [
    'deliveries list --destination billing --status dead',
    'events list --event extraction.failed',
  ]) {
    expect(await place.run(args)).toMatchObject({ status: 0, stderr: '' });
  }
});

it('says where it looked for a store that is not there, beside a list in which nothing can be', async () => {
  const place = await Place.create();
  const stderr = `no data yet at ${place.folder}/data/shim.db: start the service first, or correct the path\n`;
  for (const args of [
    'deliveries list --status dead',
    'quarantine list --json',
    'stats',
    'destinations list',
  ]) {
    expect(await place.run(args)).toMatchObject({ status: 0, stderr });
  }
});

it('does not take a store that cannot be looked at for none', async () => {
  const place = await Place.create();
  await mkdir(join(place.folder, 'data'));
  // What root may not look at either: a link to itself.
  await symlink('shim.db', join(place.folder, 'data/shim.db'));
  for (const args of ['deliveries list --status dead', 'replay 1', 'backup copy.db']) {
    const { status, stdout, stderr } = await place.run(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/shim\.db: cannot be written \(ELOOP.*run this as the user that runs the shim/);
  }
});
