import { describe, expect, it } from 'vitest';
import { configText, file, legacy, Place } from './support.js';

/** A share of it is for a handler that takes over; `bat_1` is not in it. */
const splitConfig = `${configText()}
    mode: shadow
  - name: later
    url: http://127.0.0.1:5001/hooks/extracta
    share: 12.5
    alternative: billing
`;

describe('deliveries list', () => {
  it('shows what was sent and what came of it', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({ status: 500, error: 'answered 500' }, 'retry');
    const { status, stdout } = await place.run('deliveries list');
    expect(status).toBe(0);
    const [head, row] = stdout.split('\n');
    expect(head).toMatch(/^ID +CREATED +EVENT +DESTINATION +STATUS +ATTEMPTS +NEXT ATTEMPT +OUTCOME$/);
    expect(row).toMatch(
      /^1 +2026-03-01T12:00:00Z +1 extraction\.processed +billing +pending +1 +2026-03-01T12:00:30Z +HTTP 500$/,
    );
  });

  it('fits 120 columns with numbers of four digits, whatever waits or failed', async () => {
    const place = await Place.create();
    await place.receive(
      ...Array.from({ length: 9 }, (_, id) => ({ body: legacy([file({ fileId: `${id}` })]) })),
    );
    await place.attempt({ status: 500, error: '500 Internal Server Error' }, 'retry');
    await place.rewrite('UPDATE deliveries SET id = id + 1000, event_id = event_id + 1000', []);
    await place.rewrite('UPDATE events SET id = id + 1000', []);
    const { stdout } = await place.run('deliveries list');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[1]).toMatch(/^1009 .* 1009 extraction.processed +billing .* HTTP 500$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it('takes no answer that broke off for one that came', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({ status: 200, error: 'ECONNRESET: closed before its end' }, 'retry');
    const { stdout } = await place.run('deliveries list');
    expect(stdout).toMatch(/ pending .* ECONNRESET: closed before its end$/m);
  });

  it('shows why a dead letter is one, and what went wrong where no answer came', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({ status: null, error: 'connect ECONNREFUSED' }, 'retry');
    expect((await place.run('deliveries list')).stdout).toMatch(/ connect ECONNREFUSED$/m);
    await place.attempt({ status: null, error: 'connect ECONNREFUSED' }, 'dead');
    const { stdout } = await place.run('deliveries list --status dead');
    expect(stdout).toMatch(/dead +2 +used up its 2 attempts$/m);
  });

  it('shows the mode, and the share where it is not all', async () => {
    const place = await Place.create(splitConfig);
    await place.receive({});
    await place.attempt({ status: 503, error: 'answered 503', mode: 'shadow', share: 87.5 }, 'missed');
    const { stdout } = await place.run('deliveries list --status missed');
    expect(stdout).toMatch(/ billing +shadow 87\.5% +missed +1 +HTTP 503$/m);
    expect(JSON.parse((await place.run('deliveries list --json')).stdout)).toMatchObject({
      deliveries: [{ destination: 'billing', mode: 'shadow', share: 87.5, status: 'missed' }],
    });
    const shown = (await place.run('deliveries show 1')).stdout;
    expect(shown).toMatch(/^mode +shadow 87\.5%$/m);
    expect(shown).toMatch(/^Attempt 1 .* HTTP 503 {2}shadow$/m);
    expect(JSON.parse((await place.run('deliveries show 1 --json')).stdout)).toMatchObject({
      attemptRows: [{ mode: 'shadow', share: 87.5 }],
    });
    expect((await place.run('events list')).stdout).toContain('1 missed');
  });

  it.each([
    ['--status pending', [2]],
    ['--status delivered', [1]],
    ['--destination billing', [2, 1]],
    ['--event 2', [2]],
    ['--since 1m', [2, 1]],
    ['--until 1m', []],
    ['--limit 1', [2]],
    ['--before 2', [1]],
  ])('filters by %s', async (filter, ids) => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({}, 'delivered');
    await place.receive({ body: legacy([file({ fileId: 'fil_2' })]) });
    const { stdout } = await place.run(`deliveries list --json ${filter}`);
    const { deliveries }: { deliveries: { id: number }[] } = JSON.parse(stdout);
    expect(deliveries.map(({ id }) => id)).toEqual(ids);
  });

  it('tells whose fault it is that nothing arrived, and filters by that', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({ status: null, error: 'not sent: no secret', fault: 'shim' }, 'dead');
    await place.receive({ body: legacy([file({ fileId: 'fil_2' })]) });
    await place.attempt({ status: 500, error: '500' }, 'dead');
    const { stdout } = await place.run('deliveries list --fault shim');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/ FAULT +OUTCOME$/),
      expect.stringMatching(/^1 .* dead .* shim +used up/),
    ]);
    expect((await place.run('deliveries list --fault destination')).stdout).toMatch(/^2 .* dead /m);
    const shown = (await place.run('deliveries show 1')).stdout;
    expect(shown).toMatch(/^fault +of the shim: it was not sent/m);
    expect(shown).toContain('  error: not sent: no secret (a fault of the shim)\n');
    expect(await place.run('deliveries list --fault mine')).toMatchObject({ status: 2 });
  });

  it('says so where there are none', async () => {
    const place = await Place.create();
    expect((await place.run('deliveries list')).stdout).toMatch(
      /^No deliveries yet.*webhook-shim events list\n$/,
    );
  });
});

describe('deliveries show', () => {
  it('shows each attempt with time, duration, status, error and answer', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({ status: 500, error: 'answered 500', response: 'a\x1b[2J\nb' }, 'retry');
    await place.attempt({ status: 200, response: '{"message":"ok"}' }, 'delivered');
    const { status, stdout } = await place.run('deliveries show 1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^status +delivered$/m);
    expect(stdout).toContain(
      'Attempt 1  2026-03-01T12:00:00Z  12 ms  HTTP 500\n  error: answered 500\n  answer: a\\u001b[2J\n          b\n',
    );
    expect(stdout).toContain(
      'Attempt 2  2026-03-01T12:00:00Z  12 ms  HTTP 200\n  answer: {"message":"ok"}\n',
    );
  });

  it('prints one JSON document with stable names', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.attempt({ status: null, error: 'connect ECONNREFUSED' }, 'dead');
    const { stdout } = await place.run('deliveries show 1 --json');
    expect(JSON.parse(stdout)).toEqual({
      id: 1,
      eventId: 1,
      webhookId: expect.stringMatching(/^evt_/),
      event: 'extraction.processed',
      destination: 'billing',
      mode: 'live',
      share: 100,
      status: 'dead',
      attempts: 1,
      createdAt: '2026-03-01T12:00:00.000Z',
      replayed: false,
      dueAt: null,
      endedAt: expect.stringMatching(/^2026-03-01T12:00:00\.\d{3}Z$/),
      reason: 'used up its 2 attempts',
      afterDead: null,
      lastStatus: null,
      lastError: 'connect ECONNREFUSED',
      fault: 'destination',
      attemptRows: [
        {
          number: 1,
          startedAt: '2026-03-01T12:00:00.000Z',
          durationMs: expect.any(Number),
          status: null,
          error: 'connect ECONNREFUSED',
          fault: 'destination',
          response: null,
          mode: 'live',
          share: 100,
        },
      ],
    });
  });

  it('exits 1 where there is none', async () => {
    const place = await Place.create();
    await place.receive();
    expect(await place.run('deliveries show 5')).toMatchObject({
      status: 1,
      stderr: 'error: there is no delivery 5\n',
    });
  });
});
