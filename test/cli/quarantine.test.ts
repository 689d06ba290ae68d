import { describe, expect, it } from 'vitest';
import { configText, ENDLESS, ENDLESS_CONTRACT, endlessFile, file, legacy, NOW, Place } from './support.js';

const archived = { body: legacy([file({ status: 'archived' })]) };
const broken = { body: '{"result":"no json \\u001b[2J"}' };
const learned = configText({ source: 'statuses: { archived: extraction.processed }' });

const endless = configText({
  source: `statuses: { odd: extraction.processed }
    ${ENDLESS_CONTRACT}`,
});

describe('quarantine list', () => {
  it('shows what is there, for which reason, the newest first', async () => {
    const place = await Place.create();
    await place.receive(archived, {}, broken);
    const { status, stdout } = await place.run('quarantine list');
    expect(status).toBe(0);
    const [head, second, first, ...rest] = stdout.split('\n');
    expect(head).toMatch(/^ID +RECEIVED +SOURCE +FORMAT +REASON +BYTES +ERROR$/);
    expect(second).toMatch(
      /^3 +2026-03-01T11:50:00Z +extracta +legacy +result_not_json +\d+ +result is not JSON/,
    );
    expect(first).toMatch(/^1 +.* +unknown_status +\d+ +file 1 \(invoice\.pdf\): no event stands for/);
    expect(rest).toEqual(['']);
    expect(stdout).not.toContain('\x1b');
  });

  it('filters, and prints one JSON document with stable names', async () => {
    const place = await Place.create();
    await place.receive(archived, broken);
    const { stdout } = await place.run('quarantine list --json --reason unknown_status --source extracta');
    expect(JSON.parse(stdout)).toEqual({
      quarantine: [
        {
          id: 1,
          receivedAt: '2026-03-01T11:50:00.000Z',
          source: 'extracta',
          format: 'legacy',
          reason: 'unknown_status',
          errors: [expect.stringContaining('"archived"')],
          size: archived.body.length,
        },
      ],
      nextBefore: null,
    });
    expect((await place.run('quarantine list --reason no_files')).stdout).toBe(
      'No such webhooks in quarantine.\n',
    );
  });

  it('says so where there is nothing', async () => {
    const place = await Place.create();
    expect(await place.run('quarantine list')).toMatchObject({
      status: 0,
      stdout: 'Nothing is in quarantine.\n',
    });
  });
});

describe('quarantine show', () => {
  it('shows raw body, signature, errors and what to do', async () => {
    const place = await Place.create();
    await place.receive(broken);
    const { status, stdout } = await place.run('quarantine show 1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^state +quarantined$/m);
    expect(stdout).toMatch(/^reason +result_not_json$/m);
    expect(stdout).toMatch(/^signature +[\w+/]{43}=$/m);
    expect(stdout).toMatch(/^what to do +\S/m);
    expect(stdout).toContain('Errors\n  result is not JSON');
    expect(stdout).toContain(`\n${broken.body}\n`);
    const document = JSON.parse((await place.run('quarantine show 1 --json')).stdout);
    expect(document).toMatchObject({ id: 1, state: 'quarantined', body: broken.body, note: null });
  });

  it('prints the raw body alone, to the byte', async () => {
    const place = await Place.create();
    const body = ' {"result":"no json \\u001b[2J é😀\u2028",\r\n"n":1.0} \n';
    await place.receive({ body });
    expect(await place.run('quarantine show 1 --body')).toEqual({ status: 0, stdout: body, stderr: '' });
    expect(await place.run('quarantine show 1 --body --json')).toMatchObject({ status: 2 });
  });

  it('exits 1 where there is no such webhook', async () => {
    const place = await Place.create();
    await place.receive();
    expect(await place.run('quarantine show 7')).toMatchObject({
      status: 1,
      stderr: 'error: there is no webhook 7\n',
    });
  });
});

describe('quarantine retry', () => {
  it('ends after a batch where it is interrupted, says so, and goes on when it is called again', async () => {
    const place = await Place.create();
    const odd = (id: number) => ({ body: legacy([file({ fileId: `fil_${id}`, status: 'odd' })]) });
    await place.receive(...Array.from({ length: 150 }, (_, id) => odd(id)));
    await place.write('shim.yaml', configText({ source: 'statuses: { odd: extraction.processed }' }));
    const retry = ['quarantine', 'retry', '--all'];
    const running = place.start(retry, { onOutput: () => running.stop() });
    const first = await running.done;
    expect(first).toMatchObject({
      status: 1,
      stderr: 'error: interrupted: run the same command again to go on\n',
    });
    // Batches grow from one.
    expect(first.stdout).toBe('webhook 1: event 1 extraction.processed (1 delivery)\n');
    expect((await place.run('quarantine retry --all')).stdout).toContain('149 webhooks converted.');
  });

  it('says of what takes too long where to look, and goes on with the others', async () => {
    const place = await Place.create();
    const odd = (more: Readonly<Record<string, unknown>>) => ({
      body: legacy([endlessFile({ ...more, status: 'odd' })]),
    });
    await place.receive(
      odd({ fileId: 'fil_1' }),
      odd({ fileId: 'fil_2', result: {} }),
      odd({ fileId: 'fil_3', result: {} }),
    );
    await place.write('shim.yaml', endless);
    await place.write('endless.json', JSON.stringify(ENDLESS));
    const { status, stdout } = await place.run('quarantine retry --all', { longest: 2_000 });
    expect(status).toBe(1);
    expect(stdout.split('\n')).toEqual([
      'webhook 1: still quarantined: internal_error',
      expect.stringMatching(
        /^ {2}it takes longer to convert .* look for a "pattern" .* correct it, then retry$/,
      ),
      'webhook 2: event 1 extraction.processed (1 delivery)',
      'webhook 3: event 2 extraction.processed (1 delivery)',
      '2 webhooks converted, 1 not.',
      '',
    ]);
  });

  it('ends at once where it is interrupted amid what takes too long', async () => {
    const place = await Place.create();
    await place.receive({ body: legacy([endlessFile({ status: 'odd' })]) });
    await place.write('shim.yaml', endless);
    await place.write('endless.json', JSON.stringify(ENDLESS));
    // Longer than the test may take.
    const running = place.start(['quarantine', 'retry', '--all'], { longest: 600_000 });
    running.stop();
    expect(await running.done).toMatchObject({ status: 1, stderr: expect.stringContaining('interrupted') });
  });

  it("converts by today's configuration, and makes the deliveries", async () => {
    const place = await Place.create();
    await place.receive(archived);
    await place.write('shim.yaml', learned);
    const { status, stdout } = await place.run('quarantine retry 1');
    expect(status).toBe(0);
    expect(stdout).toBe('webhook 1: event 1 extraction.processed (1 delivery)\n1 webhook converted.\n');
    expect((await place.run('deliveries list --status pending')).stdout).toContain('extraction.processed');
    expect((await place.run('quarantine list')).stdout).toBe('Nothing is in quarantine.\n');
  });

  it('lets go of what a contract held back once the contract allows it', async () => {
    const withContract = configText({
      source: 'contracts: [{ extractionId: OXsMc1pD, schema: ./invoice.json }]',
    });
    const place = await Place.create(withContract);
    await place.write('invoice.json', '{"properties":{"total":{"type":"string"}}}');
    await place.receive({});
    const { stdout } = await place.run('quarantine list --reason contract_violation');
    expect(stdout).toMatch(/contract_violation +\d+ +result\[0\]\.result\.total must be string$/m);
    // A service that was not told goes on holding back what comes, and the retry beside it says that all is well.
    expect((await place.run('quarantine show 1')).stdout).toMatch(
      /^what to do .*save the configuration too/m,
    );
    await place.write('invoice.json', '{"properties":{"total":{"type":"number"}}}');
    expect((await place.run('quarantine retry 1')).stdout).toContain('1 webhook converted.');
  });

  it('says what is still wrong and exits 1, once more each time', async () => {
    const place = await Place.create();
    await place.receive(archived, broken);
    await place.write('shim.yaml', learned);
    for (const first of [/^webhook 1: event 1 /, /^webhook 2: still/]) {
      const { status, stdout } = await place.run('quarantine retry --all');
      expect(status).toBe(1);
      expect(stdout).toMatch(first);
      expect(stdout).toMatch(/webhook 2: still quarantined: result_not_json\n {2}result is not JSON/);
      expect(stdout).toMatch(/, 1 not\.\n$/);
    }
  });

  it('retries by reason alone, the oldest first', async () => {
    const place = await Place.create();
    const other = { body: legacy([file({ status: 'archived', fileId: 'fil_2' })]) };
    await place.receive(archived, broken, other);
    await place.write('shim.yaml', learned);
    const { status, stdout } = await place.run('quarantine retry --reason unknown_status');
    expect(status).toBe(0);
    expect(stdout.match(/^webhook \d+/gm)).toEqual(['webhook 1', 'webhook 3']);
  });

  it('says where an event repeats one that came meanwhile', async () => {
    const place = await Place.create();
    await place.receive({ ...archived, receivedAt: NOW });
    await place.receive({ receivedAt: NOW });
    await place.write('shim.yaml', learned);
    const { status, stdout } = await place.run('quarantine retry 1');
    expect(status).toBe(0);
    expect(stdout).toContain(
      'webhook 1: event 2 extraction.processed (repeats event 1, not delivered again)',
    );
  });

  it('leaves alone what is not in quarantine', async () => {
    const place = await Place.create();
    await place.receive({});
    const { status, stdout, stderr } = await place.run('quarantine retry 1 9');
    expect(status).toBe(1);
    expect(stderr).toBe('webhook 1: not in quarantine, it is converted\nwebhook 9: there is none\n');
    expect(stdout).toBe('0 webhooks converted, 2 not.\n');
    expect((await place.run('quarantine retry --all')).stdout).toBe('Nothing to retry.\n');
  });

  it('goes through more than a page', async () => {
    const place = await Place.create();
    const many = Array.from({ length: 1_001 }, (_, n) => ({
      body: legacy([file({ status: 'archived', fileId: `fil_${n}` })]),
    }));
    await place.receive(...many.slice(0, 1_000));
    await place.receive(...many.slice(1_000));
    await place.write('shim.yaml', learned);
    const { status, stdout } = await place.run('quarantine retry --all');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^webhook 1: event 1 /);
    expect(stdout).toMatch(/webhook 1001: event 1001 .*\n1001 webhooks converted\.\n$/);
  });
});

describe('quarantine discard', () => {
  it('takes webhooks out of quarantine, with a note', async () => {
    const place = await Place.create();
    await place.receive(archived, broken);
    const { status, stdout } = await place.run(['quarantine', 'discard', '1', '2', '--note', 'test upload']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '2 webhooks discarded.\n' });
    expect((await place.run('quarantine list')).stdout).toBe('Nothing is in quarantine.\n');
    const shown = await place.run('quarantine show 1');
    expect(shown.stdout).toMatch(/^state +discarded$/m);
    expect(shown.stdout).toMatch(/^note +test upload$/m);
  });

  it('takes out all that are there for one reason', async () => {
    const place = await Place.create();
    await place.receive(broken, archived, broken);
    const args = ['quarantine', 'discard', '--reason', 'result_not_json', '--note', 'asked the vendor'];
    expect(await place.run(args)).toMatchObject({ status: 0, stdout: '2 webhooks discarded.\n' });
    expect((await place.run('quarantine list')).stdout).toMatch(/^2 .* unknown_status/m);
    expect(await place.run(args)).toMatchObject({ status: 0, stdout: '0 webhooks discarded.\n' });
    for (const which of [[], ['2', '--reason', 'no_files']]) {
      expect(await place.run(['quarantine', 'discard', ...which, '--note', 'x'])).toMatchObject({
        status: 2,
        stderr: 'error: say which ones: numbers, or --reason REASON\n',
      });
    }
  });

  it('exits 1 for what is not there, and 2 for an empty note', async () => {
    const place = await Place.create();
    await place.receive({}, archived);
    const { status, stdout, stderr } = await place.run('quarantine discard 1 2 --note x');
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '1 webhook discarded.\n',
      stderr: 'webhook 1 is not in quarantine\n',
    });
    expect((await place.run(['quarantine', 'discard', '2', '--note', ' '])).status).toBe(2);
  });
});
