import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configText, Place, SECRET } from './support.js';

describe('the command line', () => {
  it.each([
    ['an unknown command', 'evnts list', /unknown command 'evnts'[\s\S]*Did you mean events\?/],
    ['an unknown subcommand', 'events lst', /Did you mean list\?/],
    ['an unknown option', 'events list --jsn', /unknown option '--jsn'[\s\S]*Did you mean --json\?/],
    ['a missing argument', 'events show', /missing required argument 'event'/],
    ['an argument too many', 'serve now', /too many arguments/],
    ['a number that is none', 'events list --limit many', /whole number from 1 to 10000/],
    ['a time that is none', 'events list --since yesterday', /--since yesterday is no time/],
    ['a day that is none', 'events list --until 2026-02-30', /--until 2026-02-30 is no time/],
    [
      'a day that is none, and a time',
      'deliveries list --since 2025-02-29T10:00:00Z',
      /2025-02-29T10:00:00Z is no time/,
    ],
    ['a state that is none', 'deliveries list --status lost', /Allowed choices are pending/],
    ['an event that is none', 'events show evnt', /a number, or a webhook-id/],
    ['no command', '', /Usage: webhook-shim/],
    ['half of a service with a file', 'serve --role work', /one process serves a file/],
    ['a note that is missing', 'quarantine discard 1', /required option '--note <text>'/],
    ['no word on why', 'destinations discard old', /required option '--note <text>'/],
    ['no word on where to', 'destinations move old', /required option '--to <name>'/],
    ['no word on what to retry', 'quarantine retry', /numbers, or --reason REASON, or --all/],
    ['a state of parity that is none', 'parity --state odd', /Allowed choices are matched/],
    ['a duration that is none', 'ready --quiet-for long', /a duration, such as/],
    ['half of a takeover', 'ready --destination billing', /--destination NEW --instead-of OLD/],
    ['two questions at once', 'ready --destination a --instead-of b --matched 3', /cannot be used with/],
    [
      'a destination that is none',
      'ready --destination bill --instead-of billing',
      /^error: --destination bill is the name of no configured destination; there are billing$/m,
    ],
    ['a URL that is none', `send ftp://x --secret ${SECRET}`, /no URL to send to/],
    ['nothing to sign with', 'send http://127.0.0.1:1/', /no secret to sign with/],
    ['an empty secret', 'send http://127.0.0.1:1/ --secret=', /--secret is empty/],
    [
      'data that is not there',
      `send http://127.0.0.1:1/ --secret ${SECRET} --data no.json`,
      /cannot read no.json/,
    ],
  ])('answers %s with 2, and says what is wrong', async (_name, args, message) => {
    const place = await Place.create();
    const { status, stdout, stderr } = await place.run(args === '' ? [] : args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('lists every fault of a configuration and exits 2', async () => {
    const place = await Place.create('server: { prt: 4000 }\nsources: []\nlog: { level: loud }\n');
    const { status, stderr } = await place.run('check');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^shim\.yaml:1:\d+ server\.prt: /m);
    expect(stderr).toMatch(/^shim\.yaml:3:\d+ log\.level: /m);
  });

  it('names the configuration that is missing', async () => {
    const place = await Place.create();
    const { status, stderr } = await place.run('events list --config other.yaml');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^other\.yaml: /);
  });

  it('has a version and help with examples for every command', async () => {
    const place = await Place.create();
    expect(await place.run('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const commands = [
      'serve',
      'check',
      'demo',
      'send',
      'listen',
      'convert',
      ...['events', 'deliveries'].flatMap((noun) => [`${noun} list`, `${noun} show`]),
      ...['list', 'show', 'retry', 'discard'].map((verb) => `quarantine ${verb}`),
      ...['list', 'pause', 'resume', 'discard', 'move'].map((verb) => `destinations ${verb}`),
      'replay',
      'refused list',
      'refused retry',
      'parity',
      'ready',
      'stats',
      'prune',
      'backup',
      'migrate',
      'copy',
    ];
    for (const command of commands) {
      const { status, stdout } = await place.run(`${command} --help`);
      expect([command, status]).toEqual([command, 0]);
      expect(stdout).toContain('--config <file>');
      expect(stdout).toContain(`Examples:`);
      expect(stdout).toContain(`webhook-shim ${command}`);
      // An example stays on its line, to be copied.
      const wide = stdout
        .split('\n')
        .filter((line) => line.length > 80 && !/^ {2}(\S+=\S+ )?webhook-shim /.test(line));
      expect([command, wide]).toEqual([command, []]);
    }
  });

  it('says what to type next with the configuration that was named', async () => {
    const place = await Place.create();
    await place.write('the other.yaml', configText());
    await place.store(async () => undefined);
    const pauseBy = async (args: readonly string[], env: Record<string, string>) => {
      await place.run('destinations resume billing');
      return (await place.run(['destinations', 'pause', 'billing', ...args], { env })).stdout;
    };
    const next = (config: string) => `until ${config}webhook-shim destinations resume billing\n`;
    const other = next("SHIM_CONFIG='the other.yaml' ");
    expect(await pauseBy(['--config', 'the other.yaml'], {})).toContain(other);
    // As it was said, which was for that command alone.
    expect(await pauseBy([], { SHIM_CONFIG: 'the other.yaml' })).toContain(other);
    await mkdir(join(place.folder, 'config'));
    await place.write('config/shim.yaml', configText());
    expect(await pauseBy([], { SHIM_CONFIG: '' })).toContain(next(''));
  });

  it('wants to know which command of a group is meant', async () => {
    const place = await Place.create();
    expect((await place.run('destinations')).status).toBe(2);
  });

  it('reports what nobody foresaw in one line and exits 1', async () => {
    const place = await Place.create();
    const { status, stderr } = await place.run('events list', { now: explode });
    expect(status).toBe(1);
    expect(stderr).toBe('internal error: no such luck\\u001b\n');
  });
});

function explode(): never {
  throw new TypeError('no such luck\x1b');
}
