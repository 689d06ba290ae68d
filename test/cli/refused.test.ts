import { describe, expect, it } from 'vitest';
import { signBody } from '../../src/formats/request-body.js';
import type { RefusedSample } from '../../src/store/refused.js';
import { configText, file, legacy, MINUTE, NOW, Place, SECRET } from './support.js';

const DAY = 86_400_000;
const TODAY = NOW - (NOW % DAY);
const CORRECTED = 'E_AI_K_the-corrected-one';

const sample = (more: Partial<RefusedSample> = {}): RefusedSample => ({
  receivedAt: NOW - MINUTE,
  reason: 'wrong_signature',
  address: '203.0.113.9',
  path: '/webhook',
  size: 120,
  wellFormed: true,
  request: null,
  ...more,
});

/** Kept, and signed with the secret that the configuration lacks. */
function kept(fileId: string, secret = CORRECTED, more: Partial<RefusedSample> = {}): RefusedSample {
  const body = legacy([file({ fileId })]);
  return sample({ request: { body, signature: signBody(body, secret) }, ...more });
}

async function placeWith(source: string, ...samples: readonly RefusedSample[]): Promise<Place> {
  const place = await Place.create();
  const counts = [
    { day: TODAY, reason: 'wrong_signature' as const, count: 12 },
    { day: TODAY - DAY, reason: 'no_signature' as const, count: 3 },
    { day: TODAY - 9 * DAY, reason: 'no_signature' as const, count: 500 },
  ];
  await place.store((store) => store.recordRefused([{ source, keep: 10, counts, samples }]));
  return place;
}

const corrected = configText().replace(SECRET, CORRECTED);

describe('refused list', () => {
  it('shows how many came on each day, and the newest of them', async () => {
    const odd = sample({ reason: 'no_signature', wellFormed: null, path: '/webhook\u001b[2J' });
    const place = await placeWith('extracta', kept('a'), odd);
    const { status, stdout } = await place.run('refused list');
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).join(' | '))).toEqual([
      'In the last 7 days:',
      'SOURCE | DAY | NO SIGNATURE | WRONG SIGNATURE',
      'extracta | 2026-03-01 | 0 | 12',
      'extracta | 2026-02-28 | 3 | 0',
      '',
      'ID | RECEIVED | SOURCE | REASON | FROM | PATH | BYTES | WELL FORMED | KEPT',
      '2 | 2026-03-01T11:59:00Z | extracta | no_signature | 203.0.113.9 | /webhook\\u001b[2J | 120 | - | no',
      '1 | 2026-03-01T11:59:00Z | extracta | wrong_signature | 203.0.113.9 | /webhook | 120 | yes | yes',
      '',
    ]);
    const lone = await place.run('refused list --limit 1');
    expect(lone.stderr).toBe('For older ones add --before 2\n');
    expect((await (await Place.create()).run('refused list --source extracta')).stdout).toBe(
      'Nothing was refused in the last 7 days.\n',
    );
  });

  it('prints one JSON document with stable names, and no body', async () => {
    const place = await placeWith('extracta', kept('a'));
    expect(JSON.parse((await place.run('refused list --json')).stdout)).toEqual({
      counts: [
        { source: 'extracta', day: '2026-03-01', reason: 'wrong_signature', count: 12 },
        { source: 'extracta', day: '2026-02-28', reason: 'no_signature', count: 3 },
        { source: 'extracta', day: '2026-02-20', reason: 'no_signature', count: 500 },
      ],
      refused: [
        {
          id: 1,
          receivedAt: '2026-03-01T11:59:00.000Z',
          source: 'extracta',
          reason: 'wrong_signature',
          address: '203.0.113.9',
          path: '/webhook',
          size: 120,
          wellFormed: true,
          kept: true,
        },
      ],
      nextBefore: null,
    });
  });

  it('says so where there is nothing, or no store yet', async () => {
    const place = await Place.create();
    const nothing = { status: 0, stdout: 'Nothing was refused in the last 7 days.\n' };
    expect(await place.run('refused list')).toMatchObject(nothing);
    await place.receive();
    expect(await place.run('refused list')).toMatchObject(nothing);
  });

  it('is summed up by stats', async () => {
    const place = await placeWith('extracta');
    const { stdout } = await place.run('stats');
    expect(stdout).toMatch(/^refused in 7 days +15 +\(SHIM_CONFIG=shim.yaml webhook-shim refused list\)$/m);
    expect(JSON.parse((await place.run('stats --json')).stdout).refused).toHaveLength(3);
  });
});

describe('refused retry', () => {
  it('ends after a batch where it is interrupted, says so, and goes on when it is called again', async () => {
    const samples = Array.from({ length: 150 }, (_, id) => kept(`fil_${id}`));
    const place = await Place.create(corrected);
    await place.store((store) =>
      store.recordRefused([{ source: 'extracta', keep: 200, counts: [], samples }]),
    );
    const running = place.start(['refused', 'retry', '--all']);
    running.stop();
    const first = await running.done;
    expect(first).toMatchObject({
      status: 1,
      stderr: 'error: interrupted: run the same command again to go on\n',
    });
    expect(first.stdout.trimEnd().split('\n')).toHaveLength(100);
    expect((await place.run('refused retry --all')).stdout).toContain('50 webhooks stored.');
  });

  it("stores what today's secrets verify, as of when it came, and leaves the rest", async () => {
    const foreign = kept('c', 'E_AI_K_of-a-stranger');
    const place = await placeWith('extracta', kept('a'), kept('b'), foreign, sample());
    await place.write('shim.yaml', corrected);
    const { status, stdout, stderr } = await place.run('refused retry --all');
    expect(status).toBe(1);
    expect(stdout).toBe(
      [
        'request 1: verified by secrets[0], stored as webhook 1',
        'request 2: verified by secrets[0], stored as webhook 2',
        '2 webhooks stored, 1 not.\n',
      ].join('\n'),
    );
    expect(stderr).toBe('request 3: still refused: none of the secrets of extracta made its signature\n');
    const ids = await place.store(async (store) => {
      expect(await store.getWebhook(1)).toMatchObject({
        state: 'received',
        receivedAt: NOW - MINUTE,
        format: 'legacy',
        body: legacy([file({ fileId: 'a' })]),
      });
      return (await store.listRefused({ limit: 10 })).map(({ id }) => id);
    });
    expect(ids).toEqual([4, 3]);
    const again = await place.run('refused retry 3');
    expect([again.status, again.stdout]).toEqual([1, '0 webhooks stored, 1 not.\n']);
  });

  it('says of each that it cannot do why', async () => {
    const place = await placeWith('extracta', sample());
    await place.store((store) =>
      store.recordRefused([{ source: 'gone', keep: 1, counts: [], samples: [kept('a')] }]),
    );
    const { status, stdout, stderr } = await place.run('refused retry 9 1 2');
    expect(status).toBe(1);
    expect(stderr).toBe(
      [
        'request 1: its body was not kept (see keepRefused in the configuration)',
        'request 2: the configuration has no source "gone" any more',
        'request 9: there is none\n',
      ].join('\n'),
    );
    expect(stdout).toBe('0 webhooks stored, 3 not.\n');
    expect(`${stdout}${stderr}`).not.toContain(SECRET);
  });

  it('takes numbers or --all, not both and not neither', async () => {
    const place = await placeWith('extracta');
    for (const args of ['refused retry', 'refused retry 1 --all']) {
      expect(await place.run(args)).toMatchObject({
        status: 2,
        stderr: 'error: say which ones: numbers, or --all\n',
      });
    }
    expect(await place.run('refused retry --all')).toMatchObject({
      status: 0,
      stdout: 'Nothing to retry.\n',
    });
  });
});
