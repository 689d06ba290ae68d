import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { reloadOnRequest, savedState } from '../../src/cli/reload.js';
import { loadConfig } from '../../src/config/load.js';
import { ShimError } from '../../src/errors.js';
import { eventually } from '../support/handler.js';
import { writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

it('lets be what is still asked for when the service stops: nothing is wrong with the file', async () => {
  const folder = tempFolder();
  const source = { name: 'extracta', path: '/webhook', secrets: ['E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0'] };
  writeConfig(folder, { sources: [source], destinations: [] });
  const load = () => loadConfig({ file: join(folder, 'shim.json'), env: {}, cwd: folder });
  const said: unknown[] = [];
  const say = (...line: unknown[]): number => said.push(line);
  const log = { info: say, warn: say, error: say };
  let ask = (): void => {};
  const onReload = (request: () => void) => {
    ask = request;
    return () => {};
  };
  let stopped = (): void => {};
  const stop = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  let reloads = 0;
  const reload = async (): Promise<never> => {
    reloads++;
    await stop;
    throw new ShimError('shutting_down', 'the service does not run');
  };
  const { file } = load();
  const watched = [{ file, saved: savedState(file) }];
  const end = reloadOnRequest({ reload }, Promise.resolve(), file, watched, load, { onReload }, log);
  // One under way and one behind it.
  ask();
  ask();
  await eventually(() => expect(reloads).toBe(1));
  end();
  stopped();
  // As long as the rest would take.
  await new Promise((resolve) => setImmediate(resolve));
  expect([reloads, said]).toEqual([1, []]);
});

it('sees a save within the same tick of the file system, as where the file was looked at while it was written', () => {
  const file = join(tempFolder(), '.env');
  const at = new Date(1_700_000_000_000);
  const saved = ['', 'SECRET=E_AI_K_one\n'].map((text) => {
    writeFileSync(file, text);
    utimesSync(file, at, at);
    return savedState(file);
  });
  expect(saved[1]).not.toBe(saved[0]);
});
