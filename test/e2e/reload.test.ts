import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventually, startHandler } from '../support/handler.js';
import { legacyBody, type Service, sendSigned, startService, writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const SECRET = 'E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0';
const source = { name: 'extracta', path: '/webhook', secrets: [SECRET] };
const retry = { schedule: ['0s', '100ms'], attempts: 100 };

let files = 0;
async function send(service: Service, path = '/webhook'): Promise<string> {
  const fileId = `f${++files}`;
  expect(await sendSigned(service.publicUrl + path, legacyBody(fileId), SECRET)).toBe(200);
  return fileId;
}

const logged = (service: Service, message: RegExp) =>
  eventually(() => {
    const line = service.log.find((entry) => message.test(String(entry.msg)));
    expect(line).toBeDefined();
    return line;
  });

describe('the configuration of a running service', () => {
  it('is loaded anew on SIGHUP: destinations come and go, what waits for them stays', async () => {
    const [old, other, moved] = [await startHandler(), await startHandler(), await startHandler()];
    const folder = tempFolder();
    const destination = { name: 'a', url: old.url, retry };
    const config = writeConfig(folder, { sources: [source], destinations: [destination] });
    const service = await startService(config);
    const first = await send(service);
    await eventually(() => expect(old.received).toHaveLength(1));

    old.answers.push(...Array.from({ length: 1_000 }, () => 500));
    const waiting = await send(service);
    await eventually(() => expect(old.received.length).toBeGreaterThan(1));
    writeConfig(folder, {
      sources: [source, { name: 'second', path: '/second', secrets: [SECRET] }],
      destinations: [
        { ...destination, url: moved.url },
        { name: 'b', url: other.url, sources: ['second'] },
      ],
    });
    service.process.kill('SIGHUP');
    await logged(service, /loaded anew/);
    await eventually(() =>
      expect(moved.received.map(({ body }) => body)).toEqual([expect.stringContaining(waiting)]),
    );

    const second = await send(service, '/second');
    await eventually(() => expect(other.received[0]?.body).toContain(second));
    expect(old.received[0]?.body).toContain(first);
    expect(await service.stop()).toBe(0);
  });

  it('is loaded anew when its file is saved', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const config = writeConfig(folder, { sources: [source], destinations: [] });
    const service = await startService(config);
    writeConfig(folder, { sources: [source], destinations: [{ name: 'a', url: handler.url }] });
    await logged(service, /loaded anew/);
    const file = await send(service);
    await eventually(() => expect(handler.received[0]?.body).toContain(file));
  });

  it('is loaded anew when .env is saved: the secret that the commands have from it holds for the service too', async () => {
    const folder = tempFolder();
    const fromVariable = [{ ...source, secrets: [`\${SHIM_TEST_SECRET}`] }];
    const config = writeConfig(folder, { sources: fromVariable, destinations: [] });
    const env = join(folder, '.env');
    writeFileSync(env, 'SHIM_TEST_SECRET=E_AI_K_as-it-was-mistyped\n');
    const service = await startService(config, { cwd: folder });
    expect(await sendSigned(`${service.publicUrl}/webhook`, legacyBody('a'), SECRET)).toBe(401);
    writeFileSync(env, `SHIM_TEST_SECRET=${SECRET}\n`);
    await logged(service, /loaded anew/);
    await send(service);
  });

  it('stays as it was where the new one is bad, and every fault is said', async () => {
    const handler = await startHandler();
    const folder = tempFolder();
    const config = writeConfig(folder, {
      sources: [source],
      destinations: [{ name: 'a', url: handler.url }],
    });
    const service = await startService(config);
    writeFileSync(config, JSON.stringify({ sources: [{ ...source, path: 'webhook' }], destinatoins: [] }));
    service.process.kill('SIGHUP');
    const line = await logged(service, /the one before stays/);
    expect(JSON.stringify(line)).toMatch(/destinatoins.*destinations/);
    // Nor is one that is what it started with.
    expect(service.log.map(({ msg }) => msg)).not.toContainEqual(expect.stringMatching(/loaded anew/));
    const file = await send(service);
    await eventually(() => expect(handler.received[0]?.body).toContain(file));
  });

  it('says what only a restart changes', async () => {
    const folder = tempFolder();
    const config = writeConfig(folder, { sources: [source], destinations: [] });
    const service = await startService(config);
    const store = { url: `sqlite:${join(folder, 'shim.db')}`, retention: '7d' };
    writeConfig(folder, { sources: [source], destinations: [], store, log: { level: 'info' } });
    expect(await logged(service, /take effect with a restart/)).toMatchObject({ keys: ['log'] });
  });

  it('is still loaded anew where a stop comes at that moment', async () => {
    const service = await startService(writeConfig(tempFolder(), { sources: [source], destinations: [] }));
    service.process.kill('SIGHUP');
    expect(await service.stop()).toBe(0);
    expect(service.log.map(({ msg }) => msg)).not.toContainEqual(expect.stringMatching(/not loaded/));
  });

  it('is loaded anew where that is asked for while the service starts', async () => {
    const folder = tempFolder();
    // Asks as soon as the first of its packages is looked for.
    writeFileSync(
      join(folder, 'hooks.mjs'),
      `export function resolve(name, context, next) {
         if (name === 'commander') process.kill(process.pid, 'SIGHUP');
         return next(name, context);
       }`,
    );
    const asking = join(folder, 'asking.mjs');
    writeFileSync(
      asking,
      `import { register } from 'node:module';
       register('./hooks.mjs', import.meta.url);`,
    );
    const service = await startService(writeConfig(folder, { sources: [source], destinations: [] }), {
      env: { ...process.env, NODE_OPTIONS: `--import ${pathToFileURL(asking).href}` },
    });
    await logged(service, /loaded anew/);
    expect(await service.stop()).toBe(0);
  });

  it('is the one that was saved while the service started, after its file was read', async () => {
    const folder = tempFolder();
    const config = writeConfig(folder, { sources: [{ ...source, path: '/before' }], destinations: [] });
    const saved = join(folder, 'saved.json');
    writeFileSync(saved, readFileSync(config, 'utf8').replace('/before', '/after'));
    // Saves it as soon as the service is looked for, which is composed from what was read.
    writeFileSync(
      join(folder, 'hooks.mjs'),
      `import { copyFileSync } from 'node:fs';
       export function resolve(name, context, next) {
         if (name.endsWith('/app.js')) copyFileSync(${JSON.stringify(saved)}, ${JSON.stringify(config)});
         return next(name, context);
       }`,
    );
    const saving = join(folder, 'saving.mjs');
    writeFileSync(
      saving,
      `import { register } from 'node:module';
       register('./hooks.mjs', import.meta.url);`,
    );
    const service = await startService(config, {
      env: { ...process.env, NODE_OPTIONS: `--import ${pathToFileURL(saving).href}` },
    });
    await logged(service, /loaded anew/);
    await send(service, '/after');
    expect(await service.stop()).toBe(0);
  });

  it('is read from a pipe once: nobody would write it a second time', async () => {
    const folder = tempFolder();
    const config = writeConfig(folder, { sources: [source], destinations: [] });
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('cp', [config, pipe]);
    const written = once(writer, 'exit');
    const service = await startService(pipe);
    await written;
    await send(service);
    expect(await service.stop()).toBe(0);
  });

  it('is let be while the service stops, which goes on', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const arrival = once(silent, 'connection');
    const { port } = silent.address() as AddressInfo;
    const destination = { name: 'silent', url: `http://127.0.0.1:${port}/`, timeout: '1s' };
    const config = writeConfig(tempFolder(), { sources: [source], destinations: [destination] });
    const service = await startService(config);
    await send(service);
    await arrival;
    const stopped = service.stop();
    setTimeout(() => service.process.kill('SIGHUP'), 300);
    expect(await stopped).toBe(0);
    silent.close();
  });

  it('changes under load without losing an event', async () => {
    const [one, two] = [await startHandler(), await startHandler()];
    const folder = tempFolder();
    const write = (url: string): string =>
      writeConfig(folder, {
        sources: [source],
        destinations: [{ name: 'a', url, retry }],
        log: { level: 'info' },
      });
    const service = await startService(write(one.url));
    const sent: string[] = [];
    let loading = true;
    const load = async (): Promise<void> => {
      while (loading) sent.push(await send(service));
    };
    const loads = Array.from({ length: 8 }, load);
    for (let change = 1; change <= 10; change++) {
      const target = change % 2 === 1 ? two : one;
      write(target.url);
      service.process.kill('SIGHUP');
      const before = target.received.length;
      await eventually(() => expect(target.received.length).toBeGreaterThan(before));
    }
    loading = false;
    await Promise.all(loads);
    await eventually(() => {
      const arrived = new Set(
        [...one.received, ...two.received].map(({ body }) => JSON.parse(body).result[0].fileId),
      );
      expect(sent.filter((file) => !arrived.has(file))).toEqual([]);
    });
    expect(await service.stop()).toBe(0);
  });
});
