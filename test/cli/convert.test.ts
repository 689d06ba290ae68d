import { describe, expect, it } from 'vitest';
import { vectors } from '../support/vectors.js';
import { configText, ENDLESS, ENDLESS_CONTRACT, endlessFile, file, legacy, Place } from './support.js';

interface Document {
  readonly outcome: string;
  readonly format: string | null;
  readonly reason: string | null;
  readonly errors: readonly string[];
  readonly events: readonly { readonly event: string; readonly webhookId: string; readonly body: string }[];
}

describe('convert', () => {
  it.each(vectors.filter(({ expect: { outcome } }) => outcome !== 'rejected'))(
    'prints what $name becomes',
    async ({ request, expect: expected }) => {
      const place = await Place.create();
      await place.write('body.json', request.body);
      const { status, stdout } = await place.run('convert body.json --json');
      const document: Document = JSON.parse(stdout);
      expect(document.outcome).toBe(expected.outcome === 'accepted' ? 'converted' : 'quarantined');
      expect(document.reason).toBe(expected.reason ?? null);
      expect(document.events.map(({ event, body }) => ({ event, body }))).toEqual(
        (expected.events ?? []).map(({ event, body }) => ({ event, body })),
      );
      expect(status).toBe(expected.outcome === 'accepted' ? 0 : 1);
    },
  );

  it('prints each event with its name, its webhook-id and its body, from standard input', async () => {
    const place = await Place.create();
    const body = legacy([file(), file({ fileId: 'fil_2', status: 'failed', fileName: '\x9b2J' })]);
    const { status, stdout } = await place.run('convert', { stdin: body });
    expect(status).toBe(0);
    expect(stdout.match(/^event .*|^webhook-id +evt_/gm)).toEqual([
      'event       extraction.processed',
      'webhook-id  evt_',
      'event       extraction.failed',
      'webhook-id  evt_',
    ]);
    expect(stdout).toContain('"fileName": "\\u009b2J"');
  });

  it('gives the webhook-id that the service gives', async () => {
    const place = await Place.create();
    await place.receive({});
    const { stdout } = await place.run('convert --json', { stdin: legacy([file()]) });
    const document: Document = JSON.parse(stdout);
    expect((await place.run('events show 1')).stdout).toContain(document.events[0]?.webhookId);
  });

  it.each([
    ['a list of files', JSON.stringify([file()])],
    ['one file', JSON.stringify(file())],
    ['a batch', JSON.stringify({ extractionId: 'e', batchId: 'b', files: [file()] })],
  ])('takes %s for the result of a legacy webhook, and says so', async (_name, text) => {
    const place = await Place.create();
    const { status, stdout, stderr } = await place.run('convert -', { stdin: text });
    expect(status).toBe(0);
    expect(stdout).toContain('extraction.processed');
    expect(stderr).toContain('bare result');
  });

  it.each([
    ['no json', /^refused: 400 Body is not valid JSON/],
    ['{"foo":1}', /^refused: 400 Body has no result/],
    ['7', /^refused: 400 Body is not a JSON object/],
    [`{"result":${'['.repeat(300)}${']'.repeat(300)}}`, /^refused: 400 Body is nested too deeply/],
    [legacy([file({ status: 'archived' })]), /^quarantined: unknown_status\n {2}file 1/],
  ])('says what is wrong and exits 1', async (stdin, message) => {
    const place = await Place.create();
    const { status, stdout } = await place.run('convert', { stdin });
    expect(status).toBe(1);
    expect(stdout).toMatch(message);
  });

  it("goes by a source's rules where a configuration is named, and needs none where it is not", async () => {
    const place = await Place.create(configText({ source: 'statuses: { archived: extraction.failed }' }));
    const stdin = legacy([file({ status: 'archived' })]);
    const env = { SHIM_CONFIG: 'missing.yaml' };
    expect((await place.run('convert', { stdin, env })).status).toBe(1);
    for (const args of ['convert --config shim.yaml', 'convert --source extracta --config shim.yaml']) {
      const { status, stdout } = await place.run(args, { stdin, env });
      expect(status).toBe(0);
      expect(stdout).toContain('extraction.failed');
    }
    const other = await place.run('convert --source other', { stdin });
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining('there are extracta') });
  });

  it('gives up what takes too long, and says where to look', async () => {
    const place = await Place.create(configText({ source: ENDLESS_CONTRACT }));
    await place.write('endless.json', JSON.stringify(ENDLESS));
    const stdin = legacy([endlessFile()]);
    const { status, stdout } = await place.run('convert --config shim.yaml', { stdin, longest: 1_000 });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^quarantined: internal_error\n {2}it takes longer to convert .* "pattern"/);
  });
});
