import { describe, expect, it } from 'vitest';
import type { NewWebhook } from '../../src/model.js';
import { configText, file, legacy, MINUTE, NOW, Place, signed } from './support.js';

const DAY = 86_400_000;

const twice = (fileId: string, receivedAt: number, result: unknown = { n: 1 }): Partial<NewWebhook>[] => [
  { body: legacy([file({ fileId, result: { n: 1 } })]), receivedAt },
  {
    format: 'new',
    body: JSON.stringify({ event: 'extraction.processed', result: [file({ fileId, result })] }),
    receivedAt,
  },
];

/** That the new format still comes: an event as before, that it brings again. */
const still = (receivedAt: number): Partial<NewWebhook>[] => twice('fil_1', receivedAt).slice(1);

/** Two days in which three files came in both formats, and the new one goes on. */
async function settled(...more: readonly Partial<NewWebhook>[]): Promise<Place> {
  const place = await Place.create();
  const files = [1, 2, 3].flatMap((n) => twice(`fil_${n}`, NOW - 2 * DAY + n));
  await place.receive(...files, ...still(NOW), ...more);
  return place;
}

describe('ready', () => {
  it('exits 0 with the facts when the cutover is safe', async () => {
    const place = await settled();
    const { status, stdout, stderr } = await place.run('ready --matched 3');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^SOURCE +MATCHED +HARMLESS +DIFFERENT +QUARANTINE +DEAD LETTERS +LEGACY ONLY, AGO +WATCHED FOR\n/,
    );
    expect(stdout).toMatch(/^extracta +3 +0 +0 +0 +0 +- +1d 23h$/m);
    expect(stdout).toMatch(/^Ready: the vendor can be switched to the new format\.$/m);
  });

  it('exits 1 with each reason and the command that shows it', async () => {
    const place = await settled(
      ...twice('fil_4', NOW - DAY, { n: 2 }),
      { body: legacy([file({ fileId: 'old' })]), receivedAt: NOW - 2 * 3_600_000 },
      { body: legacy([file({ status: 'archived' })]) },
    );
    await place.attempt({ status: 500, error: 'answered 500' }, 'dead');
    const { status, stdout } = await place.run('ready');
    expect(status).toBe(1);
    expect(stdout).toContain(`Not ready:
- extracta: 3 files are the same in both formats; there must be 100
  see: SHIM_CONFIG=shim.yaml webhook-shim parity
- extracta: 1 file is not the same in both formats
  see: SHIM_CONFIG=shim.yaml webhook-shim parity --state different
- extracta: 1 webhook is in quarantine
  see: SHIM_CONFIG=shim.yaml webhook-shim quarantine list
- extracta: 6 deliveries are dead letters
  see: SHIM_CONFIG=shim.yaml webhook-shim deliveries list --status dead
- extracta: the legacy format alone brought a file 2h ago; there must be none for 1d
  see: SHIM_CONFIG=shim.yaml webhook-shim parity --state legacy_only
`);
  });

  it('prints one JSON document with stable names', async () => {
    const place = await settled(...twice('fil_4', NOW - DAY, { n: 2 }));
    const { status, stdout } = await place.run('ready --matched 3 --json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      ready: false,
      obstacles: [
        {
          source: 'extracta',
          code: 'differences',
          message: '1 file is not the same in both formats',
          command: 'webhook-shim parity --state different',
        },
      ],
      sources: [
        {
          source: 'extracta',
          matched: 3,
          different: { harmless: 0, harmful: 1 },
          quarantined: 0,
          deadLetters: 0,
          lastLegacyOnlyAt: null,
          legacyOnlyBeside: 0,
          watchedSince: '2026-02-27T12:00:00.001Z',
          firstNewAt: '2026-02-27T12:00:00.001Z',
          lastNewAt: '2026-03-01T12:00:00.000Z',
          watchedForMs: 2 * DAY - 1,
        },
      ],
      unconverted: { count: 0, oldestAt: null },
      others: { quarantined: 0, deadLetters: 0 },
    });
  });

  it('turns ready once the legacy format has been quiet for long enough', async () => {
    const at = NOW - 3 * 3_600_000;
    const place = await settled(
      { body: legacy([file({ fileId: 'old' })]), receivedAt: at },
      ...still(at + 4 * 3_600_000),
    );
    const asked = (now: number) => place.run('ready --matched 3 --quiet-for 4h', { now: () => now });
    expect((await asked(at + 4 * 3_600_000 - 1)).status).toBe(1);
    expect((await asked(at + 4 * 3_600_000)).status).toBe(0);
  });

  it('tells of what the legacy format alone brought beside the new one, however long ago', async () => {
    const weekly = (receivedAt: number) => ({
      body: legacy([file({ extractionId: 'weekly', fileId: `weekly_${receivedAt}` })]),
      receivedAt,
    });
    // What came before the new format was switched on says nothing.
    const place = await settled(weekly(NOW - 3 * DAY), weekly(NOW - 36 * 3_600_000));
    const { status, stdout } = await place.run('ready --matched 3');
    expect(status).toBe(0);
    expect(stdout).toContain(`Ready: the vendor can be switched to the new format.
- extracta: 1 file came in the legacy format alone while the new one was on, the last 1d 12h ago: is the new one on by now for all that sends such?
  see: SHIM_CONFIG=shim.yaml webhook-shim parity --state legacy_only --since 2026-02-27T12:00:00.001Z
`);
    const shown = await place.run('parity --state legacy_only --since 2026-02-27T12:00:00.001Z --json');
    expect(JSON.parse(shown.stdout).files).toHaveLength(1);
    expect((await place.run('ready --matched 1 --since 30h')).stdout).not.toContain(
      'legacy format alone while',
    );
  });

  it('takes silence for no proof before it has been watched for as long', async () => {
    const place = await Place.create();
    await place.receive(...twice('fil_1', NOW - 60 * MINUTE), ...still(NOW));
    const { status, stdout } = await place.run('ready --matched 1 --quiet-for 2h');
    expect(status).toBe(1);
    expect(stdout).toContain(
      '- extracta: watched for 1h only; it takes 2h to know that nothing comes in the legacy format alone\n',
    );
    expect((await place.run('ready --matched 1 --quiet-for 1h')).status).toBe(0);
    expect((await place.run('ready --matched 1 --quiet-for 1h --since 59m')).status).toBe(1);
  });

  it('takes silence for no proof where the new format has ended as well', async () => {
    const place = await Place.create();
    await place.receive(...twice('fil_1', NOW - 5 * DAY), ...still(NOW - 3 * DAY), {
      body: legacy([file({ fileId: 'old' })]),
      receivedAt: NOW - 2 * DAY,
    });
    const { status, stdout } = await place.run('ready --matched 1');
    expect(status).toBe(1);
    expect(stdout).toContain(
      '- extracta: the legacy format alone brought a file 2d ago, and the new format has come for 0s since; there must be none for 1d\n',
    );
    expect(stdout).toMatch(/^extracta .* 2d +2d$/m);
  });

  it('takes silence for no proof while no webhook could come in', async () => {
    const place = await settled();
    const down = [NOW - 40 * 3_600_000, NOW - 10 * 3_600_000];
    await place.rewrite(`UPDATE up_times SET to_at = ${down[0]}`, []);
    await place.rewrite(`INSERT INTO up_times VALUES (${down[1]}, ${NOW - 60_000})`, []);
    const { status, stdout } = await place.run('ready --matched 3');
    expect(status).toBe(1);
    expect(stdout).toContain(
      '- extracta: watched for 17h 59m only, not counting 1d 6h in which no webhook could come in; it takes 1d to know that nothing comes in the legacy format alone\n',
    );
    expect(stdout).toMatch(/^extracta .* 17h 59m$/m);
    expect((await place.run('ready --matched 3 --quiet-for 17h')).status).toBe(0);
  });

  it('counts what came by a clock that was ahead as what came', async () => {
    const place = await settled({ body: legacy([file({ fileId: 'old' })]), receivedAt: NOW + 5 * DAY });
    const { status, stdout } = await place.run('ready --matched 3');
    expect(status).toBe(1);
    expect(stdout).toContain('the legacy format alone brought a file 0s ago');
  });

  it('takes for unknown what waits for conversion', async () => {
    const place = await settled();
    const old = signed({ body: legacy([file({ fileId: 'old' })]), receivedAt: NOW - 5 * MINUTE });
    await place.store((store) => store.putWebhooks([old]));
    const { status, stdout } = await place.run('ready --matched 3');
    expect(status).toBe(1);
    expect(stdout).toContain(
      'Not ready:\n- (any source): 1 webhook is not converted yet, the first for 5m\n  see: SHIM_CONFIG=shim.yaml webhook-shim stats\n',
    );
  });

  it('takes for unknown what retention has removed', async () => {
    const short = configText({ source: 'dedupWindow: 1h' }).replace(
      'shim.db" }',
      'shim.db", retention: 2h }',
    );
    const place = await Place.create(short);
    await place.receive(...twice('fil_1', NOW - 5 * 60 * MINUTE), ...still(NOW));
    expect((await place.run('ready --matched 1 --quiet-for 2h')).status).toBe(0);
    const { status, stdout } = await place.run('ready --matched 1 --quiet-for 3h');
    expect(status).toBe(1);
    expect(stdout).toContain('watched for 2h only');
  });

  it('takes for unknown what was removed by hand, or by a retention that was shorter', async () => {
    const short = configText().replace('shim.db" }', 'shim.db", retention: 2d }');
    for (const [config, prune] of [
      [configText(), 'prune --before 2d'],
      [short, 'prune'],
    ] as const) {
      const place = await Place.create(config);
      await place.receive(
        ...twice('fil_1', NOW - 9 * DAY),
        { body: legacy([file({ fileId: 'old' })]), receivedAt: NOW - 3 * DAY },
        ...twice('fil_2', NOW - DAY),
        ...still(NOW),
      );
      await place.deliver('billing');
      expect((await place.run(prune)).stdout).toContain('Removed 3 webhooks');
      await place.write('shim.yaml', configText());
      const { status, stdout } = await place.run('ready --matched 1 --quiet-for 8d');
      expect(status).toBe(1);
      expect(stdout).toContain(
        '- extracta: watched for 2d only; it takes 8d to know that nothing comes in the legacy format alone\n',
      );
      expect((await place.run('ready --matched 1 --quiet-for 2d')).status).toBe(0);
    }
  });

  it('tells where retention keeps too little to ever know', async () => {
    const place = await settled(...still(NOW - 30 * DAY));
    const { status, stdout } = await place.run('ready --matched 3 --quiet-for 31d');
    expect(status).toBe(1);
    expect(stdout).toContain(
      'it takes 31d to know that nothing comes in the legacy format alone, and what is older than 30d is removed: let store.retention be longer\n',
    );
    expect((await place.run('ready --matched 3 --quiet-for 29d')).stdout).not.toContain('store.retention');
  });

  it('counts a difference in nothing but order as the same', async () => {
    const place = await Place.create();
    const both = twice('fil_1', NOW - 2 * DAY, [1, 2]);
    await place.receive(
      { ...both[0], body: legacy([file({ result: [2, 1], fileId: 'fil_1' })]) },
      both[1] ?? {},
      { ...both[1], receivedAt: NOW },
    );
    const { status, stdout } = await place.run('ready --matched 1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^extracta +0 +1 +0 /m);
  });

  it('leaves out what came before --since', async () => {
    const place = await Place.create();
    await place.receive(
      ...twice('fil_1', NOW - 9 * DAY, { n: 2 }),
      ...twice('fil_2', NOW - 2 * DAY),
      ...twice('fil_2', NOW),
    );
    expect((await place.run('ready --matched 1')).status).toBe(1);
    expect((await place.run('ready --matched 1 --since 3d')).status).toBe(0);
  });

  it('finds what comes in the legacy format alone since then, also where it came before', async () => {
    const old = (receivedAt: number) => ({ body: legacy([file({ fileId: 'old' })]), receivedAt });
    const again = NOW - 12 * 3_600_000;
    const place = await settled(old(NOW - 40 * 3_600_000), old(again), ...twice('fil_2', NOW - 1));
    for (const since of ['', ' --since 39h', ' --since 13h']) {
      const { status, stdout } = await place.run(`ready --matched 1 --quiet-for 13h${since}`);
      expect(stdout).toContain('the legacy format alone brought a file 12h ago;');
      expect(status).toBe(1);
    }
  });

  it('does not wait for a destination that is gone', async () => {
    const place = await settled();
    await place.attempt({ status: 500, error: 'answered 500' }, 'dead');
    expect((await place.run('ready --matched 3')).status).toBe(1);
    await place.write('shim.yaml', configText().replace('name: billing', 'name: other'));
    expect((await place.run('ready --matched 3')).status).toBe(0);
  });

  it('says no where nothing came yet, with a store and without', async () => {
    const place = await Place.create();
    for (const prepare of [async () => {}, () => place.receive()]) {
      await prepare();
      const { status, stdout } = await place.run('ready --matched 1 --quiet-for 1h');
      expect(status).toBe(1);
      expect(stdout).toContain('0 files are the same in both formats; there must be 1\n');
      expect(stdout).toContain('no webhook has come yet');
    }
  });
});

describe('ready --destination', () => {
  const two = `${configText()}  - name: billing-new\n    url: http://127.0.0.1:5001/\n`;
  const place = async () => {
    const made = await Place.create(two);
    await made.receive(...[1, 2, 3].map((n) => ({ body: legacy([file({ fileId: `fil_${n}` })]) })));
    return made;
  };
  const ask = 'ready --destination billing --instead-of billing-new --events 3';

  it('is asked of two', async () => {
    const made = await place();
    await made.attempt({}, 'delivered');
    expect(await made.run('ready --destination billing --instead-of billing --events 3')).toMatchObject({
      status: 2,
      stderr: 'error: billing would take over from itself: name another one\n',
    });
  });

  it('exits 0 when its latest answers were all 2xx, and as fast', async () => {
    const made = await place();
    await made.attempt({}, 'delivered');
    const { status, stdout } = await made.run(ask);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^DESTINATION +SUCCEEDED +FAILED +P50 +P99\nbilling +3 +0 +12ms +12ms\n/);
    expect(stdout).toMatch(/^billing-new +0 +0 +- +-$/m);
    expect(stdout).toContain('\nReady: billing can take over from billing-new.\n');
  });

  it('exits 1 with each reason', async () => {
    const made = await place();
    await made.attempt({ status: 500, error: 'answered 500' }, 'retry');
    const { status, stdout } = await made.run(`${ask}0`);
    expect(status).toBe(1);
    expect(stdout).toContain(`Not ready:
- billing: answered 3 events; there must be 30
  see: SHIM_CONFIG=shim.yaml webhook-shim deliveries list --destination billing
- billing: failed 3 of its latest 3 events
  see: SHIM_CONFIG=shim.yaml webhook-shim deliveries list --destination billing
`);
    const { stdout: document } = await made.run(`${ask} --json`);
    expect(JSON.parse(document)).toEqual({
      ready: false,
      obstacles: [expect.objectContaining({ destination: 'billing', code: 'failures' })],
      candidate: { destination: 'billing', ok: 0, failed: 3, p50Ms: 12, p99Ms: 12, held: null },
      incumbent: { destination: 'billing-new', ok: 0, failed: 0, p50Ms: null, p99Ms: null, held: null },
    });
  });

  it('exits 1 while nothing would reach it', async () => {
    const made = await place();
    await made.attempt({}, 'delivered');
    expect((await made.run('destinations pause billing')).status).toBe(0);
    const { status, stdout } = await made.run(ask);
    expect(status).toBe(1);
    expect(stdout).toContain(
      'Not ready:\n- billing: is paused: nothing would reach it\n  see: SHIM_CONFIG=shim.yaml webhook-shim destinations list\n',
    );
    expect((await made.run('destinations resume billing')).status).toBe(0);
    expect((await made.run(ask)).status).toBe(0);
  });

  it('exits 1 where something would go to nobody', async () => {
    const made = await Place.create(
      two.replace('- name: billing\n', '- name: billing\n    events: [extraction.processed]\n'),
    );
    await made.receive(...[1, 2, 3].map((n) => ({ body: legacy([file({ fileId: `fil_${n}` })]) })));
    await made.attempt({}, 'delivered');
    const { status, stdout } = await made.run(ask);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `Not ready:
- billing: without billing-new would go to nobody: extraction.edited, extraction.confirmed, extraction.failed; let billing take it, or where nobody needs it, give billing-new the same filters
  see: SHIM_CONFIG=shim.yaml webhook-shim check
`,
    );
  });

  it('exits 1 where the configuration pauses it, or gives the rest to a shadow alone', async () => {
    const made = await place();
    await made.attempt({}, 'delivered');
    const billing = (more: string) => two.replace('- name: billing\n', `- name: billing\n    ${more}\n`);
    await made.write('shim.yaml', billing('mode: paused'));
    expect(await made.run(ask)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('- billing: is paused: nothing would reach it\n'),
    });
    const audit = '  - { name: audit, url: "http://127.0.0.1:5002/", mode: shadow }\n';
    await made.write('shim.yaml', `${billing('events: [extraction.processed]')}${audit}`);
    expect(await made.run(ask)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(
        '- billing: without billing-new would go to nobody: extraction.edited,',
      ),
    });
    await made.write('shim.yaml', billing('mode: shadow'));
    expect((await made.run(ask)).status).toBe(0);
  });

  it('exits 1 where there is nothing yet', async () => {
    const made = await Place.create(two);
    expect(await made.run(ask)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('answered 0 events'),
    });
  });
});
