import { describe, expect, it } from 'vitest';
import { configText, file, legacy, NOW, Place, SECRET } from './support.js';

const DAY = 86_400_000;
const TWO_SECRETS = configText().replace(`[${SECRET}]`, `[${SECRET}, other-secret-of-old]`);

describe('stats', () => {
  it('shows who was last seen in which format, which secret can be retired, and what waits', async () => {
    const place = await Place.create(TWO_SECRETS);
    await place.receive(
      { receivedAt: NOW - 9 * DAY, secretIndex: 1 },
      { receivedAt: NOW - 60_000, body: legacy([file({ fileId: 'fil_2' })]) },
      { body: legacy([file({ status: 'archived' })]), receivedAt: NOW - 30_000 },
    );
    await place.attempt({ status: 500, error: 'answered 500' }, 'dead');
    await place.receive({
      format: 'new',
      body: JSON.stringify({ event: 'a.b', result: [] }),
      receivedAt: NOW,
    });
    const { status, stdout, stderr } = await place.run('stats');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'SOURCE | FORMAT | SECRET | WEBHOOKS | FIRST SEEN | LAST SEEN | AGO',
      'extracta | legacy | secrets[0] | 2 | 2026-03-01T11:59:00Z | 2026-03-01T11:59:30Z | 30s',
      'extracta | legacy | secrets[1] | 1 | 2026-02-20T12:00:00Z | 2026-02-20T12:00:00Z | 9d',
      'extracta | new | secrets[0] | 1 | 2026-03-01T12:00:00Z | 2026-03-01T12:00:00Z | 0s',
      '',
      'SOURCE | SECRET | LAST USED | STATE',
      'extracta | secrets[0] | 2026-03-01T12:00:00Z | in use',
      'extracta | secrets[1] | 2026-02-20T12:00:00Z | not used for a week, while another was: can be retired, unless it is the one you are changing to',
      '',
      'not converted yet | 0',
      'in quarantine | 1 | (SHIM_CONFIG=shim.yaml webhook-shim quarantine list)',
      'pending deliveries | 1 | (SHIM_CONFIG=shim.yaml webhook-shim deliveries list --status pending)',
      'dead letters | 2 | (SHIM_CONFIG=shim.yaml webhook-shim deliveries list --status dead)',
      'refused in 7 days | 0',
      '',
      'DESTINATION | PENDING | FIRST DUE | OVERDUE',
      'billing | 1 | 2026-03-01T12:00:00Z | -',
      '',
      'No fields came or went (by a sample of the results).',
      '',
      expect.stringMatching(/^database \| \d+\.\d KiB, 0 bytes of it free for what comes next$/),
      expect.stringMatching(/^write-ahead log \| \d+(\.\d)? (bytes|KiB)$/),
      'oldest webhook | 2026-02-20T12:00:00Z (9d ago; kept for 30d)',
      '',
    ]);
    expect(stdout).not.toContain(SECRET);
  });

  it('prints one JSON document with stable names', async () => {
    const place = await Place.create();
    await place.receive({ receivedAt: NOW });
    expect(JSON.parse((await place.run('stats --json')).stdout)).toEqual({
      lastSeen: [
        {
          source: 'extracta',
          format: 'legacy',
          secretIndex: 0,
          firstAt: '2026-03-01T12:00:00.000Z',
          lastAt: '2026-03-01T12:00:00.000Z',
          count: 1,
        },
      ],
      secrets: [{ source: 'extracta', secretIndex: 0, state: 'in_use', lastAt: '2026-03-01T12:00:00.000Z' }],
      waiting: {
        received: { count: 0, more: false },
        quarantined: { count: 0, more: false },
        dead: { count: 0, more: false },
        pending: [{ destination: 'billing', count: 1, more: false, firstDueAt: '2026-03-01T12:00:00.000Z' }],
      },
      refused: [],
      drift: [],
      disk: {
        bytes: expect.any(Number),
        free: 0,
        log: expect.any(Number),
        oldestAt: '2026-03-01T12:00:00.000Z',
      },
    });
  });

  it('counts to a thousand and then says that there are more', async () => {
    const place = await Place.create();
    const odd = Array.from({ length: 1_001 }, () => ({ body: legacy([file({ status: 'archived' })]) }));
    await place.receive(...odd.slice(0, 1_000));
    expect((await place.run('stats')).stdout).toMatch(/^in quarantine +1000 /m);
    await place.receive(...odd.slice(1_000));
    expect((await place.run('stats')).stdout).toMatch(/^in quarantine +1000\+ /m);
    expect(JSON.parse((await place.run('stats --json')).stdout)).toMatchObject({
      waiting: { quarantined: { count: 1_000, more: true } },
    });
  });

  it('answers where nothing came yet, with a store and without', async () => {
    const place = await Place.create();
    const before = await place.run('stats');
    expect(before).toMatchObject({ status: 0, stdout: expect.stringMatching(/^No webhooks yet\./) });
    expect(before.stdout).toMatch(/^extracta +secrets\[0\] +- +never used$/m);
    await place.receive();
    const after = (await place.run('stats')).stdout;
    expect(after.startsWith(before.stdout)).toBe(true);
    expect(after.slice(before.stdout.length)).toMatch(/^\ndatabase {2}.*\nwrite-ahead log {2}.*\n$/);
  });
});
