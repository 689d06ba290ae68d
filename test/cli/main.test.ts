import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAIN } from '../support/service.js';
import { configText, file, legacy, MINUTE, NOW, Place, SECRET, until } from './support.js';

const DAY = 86_400_000;

/** The built command as a process of its own, which finds no place for temporary files but its folder. */
function start(place: Place, args: readonly string[]): ChildProcessWithoutNullStreams & { output(): string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: place.folder,
    env: { PATH: process.env.PATH, SHIM_CONFIG: 'shim.yaml', TMPDIR: place.folder },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return Object.assign(child, { output: () => output });
}

const ended = (child: ChildProcessWithoutNullStreams): Promise<number | null> =>
  new Promise((resolve) => child.once('close', resolve));

async function run(place: Place, ...args: readonly string[]) {
  const child = start(place, args);
  child.stdin.end();
  return { status: await ended(child), output: child.output() };
}

const free = (url?: string): string =>
  configText(url === undefined ? {} : { url }).replace('port: 4000 }', 'port: 0 }\nadmin: { port: 0 }');

/** `serve`, once it listens. */
async function serve(place: Place) {
  const child = start(place, ['serve']);
  const url = await until(() => {
    if (child.exitCode !== null) throw new Error(child.output());
    return /"url":"([^"]+)","paths"/.exec(child.output())?.[1];
  });
  return { child, url: `${url}/webhook` };
}

describe('serve', () => {
  it('receives, delivers, drains on SIGTERM and exits 0', async () => {
    const handler = await Place.create();
    const listening = handler.start(['listen', '--port', '0', '--secret', SECRET]);
    onTestFinished(async () => {
      listening.stop();
      await listening.done;
    });
    const hook = await until(() => /http:\/\/127\.0\.0\.1:\d+\//.exec(listening.stdout())?.[0]);

    const place = await Place.create(free(hook));
    const { child, url } = await serve(place);
    const sent = await place.run(['send', url, '--secret', SECRET]);
    expect(sent).toMatchObject({ status: 0, stdout: expect.stringContaining('200  Webhook received') });
    const printed = await until(() =>
      /^answered/m.test(listening.stdout()) ? listening.stdout() : undefined,
    );
    expect(printed).toMatch(/^event +extraction\.processed$/m);
    expect(printed).toMatch(/^signature +ok$/m);

    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(child.output()).not.toContain(SECRET);
    expect((await place.run('deliveries list --status delivered')).stdout).toContain('HTTP 200');
  });

  it('warns once when legacy webhooks come back after the cutover', async () => {
    const place = await Place.create(free('http://127.0.0.1:1/'));
    const now = Date.now();
    await place.receive({ receivedAt: now - 3 * DAY }, { format: 'new', receivedAt: now - DAY });
    const { child, url } = await serve(place);
    for (const format of ['new', 'legacy', 'legacy']) {
      const sent = await place.run(['send', url, '--secret', SECRET, '--format', format]);
      expect(sent.status).toBe(0);
    }
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    const warnings = child.output().match(/.*"level":"warn".*legacy webhooks are back.*/g);
    expect(warnings).toEqual([expect.stringMatching(/"source":"extracta","lastLegacyAt":"\d{4}-.*Z"/)]);
  });

  it('lets other commands look and steer while it runs', async () => {
    const place = await Place.create(free('http://127.0.0.1:1/'));
    const { child, url } = await serve(place);
    const data = legacy([file({ status: 'archived' })]);
    await place.run(['send', url, '--secret', SECRET, '--data', '-'], { stdin: data });
    await until(async () =>
      /unknown_status/.test((await place.run('quarantine list')).stdout) ? true : undefined,
    );
    expect((await place.run('check')).status).toBe(0);
    expect((await place.run('quarantine discard 1 --note gone')).status).toBe(0);
    child.kill('SIGINT');
    expect(await ended(child)).toBe(0);
  });

  it.each([
    [
      'a port in use',
      async (place: Place) => {
        const taken = createServer();
        await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
        onTestFinished(() => void taken.close());
        const { port } = taken.address() as AddressInfo;
        await place.write('shim.yaml', free().replace('port: 0', `port: ${port}`));
      },
      /^error: port \d+ on 127\.0\.0\.1 is in use: .*$/m,
    ],
    [
      'a store that another service has',
      async (place: Place) => {
        await serve(place);
      },
      /^error: .*$/m,
    ],
    [
      'a folder that is none',
      async (place: Place) => place.write('data', 'a file where a folder should be'),
      /^error: .*data.*$/m,
    ],
  ])('says in one line what is wrong with %s, and exits 1', async (_name, prepare, message) => {
    const place = await Place.create(free());
    await prepare(place);
    const { status, output } = await run(place, 'serve');
    expect(status).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/\n {4}at /);
  });

  it('exits 2 for a configuration with faults', async () => {
    const place = await Place.create('server: { prt: 1 }\n');
    const { status, output } = await run(place, 'serve');
    expect(status).toBe(2);
    expect(output).toMatch(/^shim\.yaml:1:\d+ server\.prt: /m);
  });
});

describe('demo', () => {
  it('shows the main job without configuration, and leaves nothing behind', async () => {
    const place = await Place.create('this is: [no configuration');
    const { status, output } = await run(place, 'demo');
    expect(output).not.toContain('NOT AS IT SHOULD BE');
    expect(status).toBe(0);
    for (const said of [
      /today .*answered 200 Webhook received/,
      /handler +received extraction\.processed, 1 file, signature verified, webhook-id evt_/,
      /handler +received extraction\.failed, 1 file, signature verified/,
      /shim +answered 401 Webhook is not properly signed/,
      /keeps it in quarantine: unknown_status/,
      /attempt 1: answers 500[\s\S]*attempt 2: answers 200/,
      /All of it went as it should/,
      /main\.js serve/,
    ]) {
      expect(output).toMatch(said);
    }
    // No colours where nobody looks.
    expect(output).not.toContain('\x1b');
    expect(readdirSync(place.folder)).toEqual(['shim.yaml']);
  });

  it('ends with what to do, for any terminal: no variable has to be set in each', async () => {
    const packaged = readFileSync(new URL('../../config/shim.yaml', import.meta.url), 'utf8');
    const place = await Place.create(packaged);
    const { output } = await run(place, 'demo');
    const lines = [...output.matchAll(/^ {2}([A-Z_]+=.*)$/gm)].map(([, line = '']) => line);
    writeFileSync(join(place.folder, '.env'), lines.join('\n').replace('E_AI_K_…', SECRET));
    expect(await run(place, 'check')).toMatchObject({ status: 0 });
    const sent = await run(place, 'send', 'http://127.0.0.1:1/webhook');
    expect(sent).toMatchObject({ status: 1, output: expect.stringContaining('no answer') });
  });

  it('cleans up when it is interrupted', async () => {
    const place = await Place.create();
    const child = start(place, ['demo']);
    await until(() => (child.output().includes('1. ') ? true : undefined));
    child.kill('SIGINT');
    expect(await ended(child)).toBe(1);
    expect(readdirSync(place.folder)).toEqual(['shim.yaml']);
  });
});

describe('the command as a process', () => {
  it('hands on arguments and exit status', async () => {
    const place = await Place.create();
    expect(await run(place, 'events', 'list')).toMatchObject({ status: 0 });
    expect(await run(place, 'events', 'show', '1')).toMatchObject({ status: 1 });
    expect(await run(place, 'nothing')).toMatchObject({ status: 2 });
  });

  it('reads standard input', async () => {
    const place = await Place.create();
    const child = start(place, ['convert']);
    child.stdin.end(legacy([file()]));
    expect(await ended(child)).toBe(0);
    expect(child.output()).toContain('extraction.processed');
  });

  /** What a command prints into one that reads a character alone, or nothing, and the command's own exit status. */
  const headOf = (place: Place, command: string, reader = 'head -c 1'): Promise<string> =>
    new Promise((resolve, reject) => {
      const line = `"${process.execPath}" "${MAIN}" ${command} | ${reader}; echo " \${PIPESTATUS[0]}"`;
      const env = { ...process.env, SHIM_CONFIG: 'shim.yaml', TMPDIR: place.folder };
      execFile('bash', ['-c', line], { cwd: place.folder, env }, (error, stdout, stderr) =>
        error ? reject(error) : resolve(stdout + stderr),
      );
    });

  it('ends quietly where its output is not read to the end', async () => {
    const place = await Place.create();
    const many = Array.from({ length: 400 }, (_, n) => ({ body: legacy([file({ fileId: `fil_${n}` })]) }));
    await place.receive(...many);
    expect(await headOf(place, 'events list --limit 400 --json')).toBe('{ 0\n');
  });

  it.runIf(process.platform === 'linux')('says so where its output cannot be written', async () => {
    const place = await Place.create();
    const line = `"${process.execPath}" "${MAIN}" events list > /dev/full; echo " $?"`;
    const env = { ...process.env, SHIM_CONFIG: 'shim.yaml' };
    const said = await new Promise((resolve) =>
      execFile('bash', ['-c', line], { cwd: place.folder, env }, (_, stdout, stderr) =>
        resolve(stderr + stdout),
      ),
    );
    expect(said).toMatch(/^error: the output cannot be written: ENOSPC.*\n 1\n$/m);
  });

  it('cleans up where its output is not read to the end', async () => {
    const place = await Place.create();
    expect(await headOf(place, 'demo')).toBe('T 1\n');
    expect(readdirSync(place.folder)).toEqual(['shim.yaml']);
  });

  it('says how a replay goes on whose output is not read to the end', async () => {
    const place = await Place.create();
    const bodies = Array.from({ length: 1_800 }, (_, n) => legacy([file({ fileId: `fil_${n}` })]));
    const webhooks = bodies.map((body, n) => ({ body, receivedAt: NOW - MINUTE + n }));
    await place.receive(...webhooks.slice(0, 900));
    await place.receive(...webhooks.slice(900));
    const said = await headOf(place, 'replay --since 2026-03-01 --from billing');
    expect(said).toMatch(
      /^e 1\nerror: interrupted; to go on:\n.* replay --since 2026-03-01T11:59:\S+Z --from billing\n$/,
    );
  });

  it('does not say of a copy that is there that nothing of it is kept', async () => {
    const place = await Place.create();
    await place.receive({});
    expect(await headOf(place, 'backup copy.db', 'true')).toBe(' 0\n');
    expect(readdirSync(place.folder)).toContain('copy.db');
  });

  it('stops at once when asked twice', async () => {
    const place = await Place.create(free('http://127.0.0.1:1/'));
    const { child } = await serve(place);
    child.kill('SIGSTOP');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    child.kill('SIGCONT');
    expect(await ended(child)).toBe(1);
  });
});
