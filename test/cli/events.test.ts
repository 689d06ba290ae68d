import { describe, expect, it } from 'vitest';
import { configText, file, legacy, MINUTE, NOW, Place } from './support.js';

const evil = file({ fileId: 'fil_2', fileName: 'x\x1b[2J.pdf', status: 'failed' });

describe('events list', () => {
  it('shows what came, the newest first, with what became of it', async () => {
    const place = await Place.create();
    await place.receive({}, { body: legacy([evil]), receivedAt: NOW - MINUTE }, { receivedAt: NOW });
    await place.attempt({}, 'delivered');
    const { status, stdout, stderr } = await place.run('events list');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [head, repeat, failed, first, ...rest] = stdout.split('\n');
    expect(head).toMatch(
      /^ID +RECEIVED +SOURCE +FORMAT +EVENT +FILES +DELIVERIES +WEBHOOK-ID +DUPLICATE OF$/,
    );
    expect(first).toMatch(
      /^1 +2026-03-01T11:50:00Z +extracta +legacy +extraction\.processed +1 +1 delivered +evt_[\w-]{24} +-$/,
    );
    expect(failed).toMatch(/^2 +2026-03-01T11:59:00Z +.*extraction\.failed +1 +1 delivered +evt_/);
    expect(repeat).toMatch(/^3 +.* +- +evt_[\w-]{24} +1$/);
    expect(rest).toEqual(['']);
  });

  it('prints one JSON document with stable names', async () => {
    const place = await Place.create();
    await place.receive({});
    const { stdout } = await place.run('events list --json');
    expect(JSON.parse(stdout)).toEqual({
      events: [
        {
          id: 1,
          webhookId: expect.stringMatching(/^evt_/),
          event: 'extraction.processed',
          source: 'extracta',
          format: 'legacy',
          receivedAt: '2026-03-01T11:50:00.000Z',
          files: 1,
          duplicateOf: null,
          deliveries: { pending: 1, sending: 0, delivered: 0, dead: 0, missed: 0, discarded: 0 },
          webhook: 1,
        },
      ],
      nextBefore: null,
    });
  });

  it('goes through the pages without missing or repeating one', async () => {
    const place = await Place.create();
    await place.receive(...[1, 2, 3, 4, 5].map((n) => ({ body: legacy([file({ fileId: `fil_${n}` })]) })));
    const seen: number[] = [];
    let before = '';
    for (;;) {
      const { stdout } = await place.run(`events list --json --limit 2${before}`);
      const page: { events: { id: number }[]; nextBefore: number | null } = JSON.parse(stdout);
      seen.push(...page.events.map(({ id }) => id));
      if (page.nextBefore === null) break;
      before = ` --before ${page.nextBefore}`;
    }
    expect(seen).toEqual([5, 4, 3, 2, 1]);
    const { stderr } = await place.run('events list --limit 2');
    expect(stderr).toBe('For older ones add --before 4\n');
  });

  it.each([
    ['--event extraction.failed', [2]],
    ['--source extracta', [2, 1]],
    ['--since 5m', [2]],
    ['--until 5m', [1]],
    ['--since 2026-03-01T11:59:00Z', [2]],
    ['--since 2026-03-01T11:59:00', [2]],
    ['--since 2026-03-01T12:59:00+01:00', [2]],
    ['--since 2026-03-01 --until 2026-03-02', [2, 1]],
  ])('filters by %s', async (filter, ids) => {
    const place = await Place.create();
    await place.receive({}, { body: legacy([evil]), receivedAt: NOW - MINUTE });
    const { stdout } = await place.run(`events list --json ${filter}`);
    const { events }: { events: { id: number }[] } = JSON.parse(stdout);
    expect(events.map(({ id }) => id)).toEqual(ids);
  });

  it('says what to do where nothing came yet, with a store and without', async () => {
    const place = await Place.create(configText());
    const hint =
      /No events yet\. Point the vendor at http:\/\/127\.0\.0\.1:4000\/webhook.* webhook-shim send/;
    const before = await place.run('events list');
    expect(before).toMatchObject({ status: 0, stdout: expect.stringMatching(hint) });
    expect(JSON.parse((await place.run('events list --json')).stdout)).toEqual({
      events: [],
      nextBefore: null,
    });
    await place.receive();
    expect((await place.run('events list')).stdout).toMatch(hint);
    expect((await place.run('events list --since 2h')).stdout).toBe('No such events.\n');
  });

  it('works while the service holds the store', async () => {
    const place = await Place.create();
    await place.receive({});
    await place.store(async () => {
      expect(await place.run('events list')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('evt_'),
      });
    });
  });
});

describe('events show', () => {
  it('shows one event by number and by webhook-id, with its deliveries and body', async () => {
    const place = await Place.create();
    await place.receive({ body: legacy([evil]) });
    const { status, stdout } = await place.run('events show 1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^event +extraction\.failed$/m);
    expect(stdout).toMatch(/^webhook +1 \(converted\)$/m);
    expect(stdout).toMatch(/^1 +2026-03-01T12:00:00Z +1 extraction\.failed +billing +pending +0 +/m);
    expect(stdout).toContain('"fileName": "x\\u001b[2J.pdf"');
    expect(stdout).not.toContain('\x1b');
    const [webhookId = ''] = /evt_[\w-]+/.exec(stdout) ?? [];
    expect((await place.run(['events', 'show', webhookId])).stdout).toBe(stdout);
  });

  it('prints the forwarded body to the byte', async () => {
    const place = await Place.create();
    const files =
      '[ {"extractionId":"e","batchId":"b","status":"processed","result":{"total":100.00,"é":1}} ]';
    await place.receive({ body: JSON.stringify({ result: files }) });
    const { stdout } = await place.run('events show 1 --body');
    expect(stdout).toBe(`{"event":"extraction.processed","result":${files}}`);
    const { body }: { body: string } = JSON.parse((await place.run('events show 1 --json')).stdout);
    expect(body).toBe(stdout);
  });

  it('says that a repeat was not delivered', async () => {
    const place = await Place.create();
    await place.receive({}, { receivedAt: NOW });
    const { stdout } = await place.run('events show 2');
    expect(stdout).toMatch(/^duplicate of +event 1$/m);
    expect(stdout).toContain('none: it repeats event 1');
  });

  it('exits 1 where there is no such event, or no store', async () => {
    const place = await Place.create();
    expect(await place.run('events show 1')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no data yet/),
    });
    await place.receive({});
    const missing = await place.run('events show 99');
    expect(missing).toEqual({ status: 1, stdout: '', stderr: 'error: there is no event 99\n' });
    expect((await place.run('events show evt_nowhere')).status).toBe(1);
  });
});
