import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import type { StoredWebhook, Verified } from '../../src/model.js';
import { startConvertThread } from '../../src/thread/start-convert-thread.js';
import { writeConfig } from '../support/service.js';
import { tempFolder } from '../support/temp-folder.js';

const config = (destinations: readonly object[] = []): Config => {
  const folder = tempFolder();
  const file = writeConfig(folder, {
    sources: [{ name: 'extracta', path: '/webhook', secrets: ['E_AI_K_c2hpbQ'] }],
    destinations,
  });
  return loadConfig({ file, env: {}, cwd: folder }).config;
};

const webhook = (id: number, result: string) =>
  ({
    id,
    source: 'extracta',
    format: 'new',
    receivedAt: 0,
    body: `{"event":"a.b","result":[${result}]}`,
  }) as Verified<StoredWebhook>;

/** Tries two to the power of sixty ways. */
const endlessWhen = { properties: { result: { items: { type: 'string', pattern: '^([a-z]+)*$' } } } };

function start(...args: Parameters<typeof startConvertThread>) {
  const { api, stop } = startConvertThread(...args);
  onTestFinished(stop);
  return api;
}

it('says that memory ran out, and goes on in another thread with the same configuration', async () => {
  // Where others have the processors, the memory is full only after the time would be over.
  const api = start(120_000);
  await api.configure(config());

  // Fifteen million numbers, 30 MB: each becomes a text of its own to tell what is the same, as there is white space.
  const tooMuch = api.examine([[webhook(1, ` [${'1,'.repeat(15_000_000)}1]`)]]);
  const behind = api.examine([[webhook(2, '1')]]);
  await expect(tooMuch).rejects.toMatchObject({ code: 'out_of_memory' });
  expect(await behind).toMatchObject([{ conversion: { outcome: 'converted', webhookId: 2 } }]);
});

it('gives up what does not come to an end, and goes on in another thread with the same configuration', async () => {
  const api = start(1_000);
  await api.configure(config([{ name: 'billing', url: 'http://127.0.0.1:1/', when: endlessWhen }]));

  const endless = api.examine([[webhook(1, `"${'a'.repeat(60)}!"`)]]);
  const behind = api.examine([[webhook(2, '"a"')]]);
  await expect(endless).rejects.toMatchObject({ code: 'out_of_time' });
  expect(await behind).toMatchObject([
    {
      conversion: {
        outcome: 'converted',
        webhookId: 2,
        events: [{ destinations: [{ destination: 'billing' }] }],
      },
    },
  ]);
});

it('gives up a "when" too that does not come to an end', async () => {
  const api = start(1_000);
  await api.configure(config([{ name: 'billing', url: 'http://127.0.0.1:1/', when: endlessWhen }]));

  await expect(api.meets('billing', { result: [`${'a'.repeat(60)}!`] })).rejects.toMatchObject({
    code: 'out_of_time',
  });
  expect(await api.meets('billing', { result: ['a'] })).toBe(true);
  expect(await api.meets('billing', { result: ['A'] })).toBe(false);
});

it('starts no other thread for what waits behind one that was given up, once it is stopped', async () => {
  const { api, stop } = startConvertThread(1_000);
  await api.configure(config([{ name: 'billing', url: 'http://127.0.0.1:1/', when: endlessWhen }]));

  const endless = api.examine([[webhook(1, `"${'a'.repeat(60)}!"`)]]).catch(stop);
  const behind = api.examine([[webhook(2, '"a"')]]);
  await expect(behind).rejects.toMatchObject({ code: 'shutting_down' });
  await endless;
});

it.runIf(process.platform === 'linux')(
  'lets what was given up be tried again before others have the processors',
  async () => {
    const api = start(1_000);
    await api.configure(config([{ name: 'billing', url: 'http://127.0.0.1:1/', when: endlessWhen }]));
    expect(threadsThatYield()).toBe(1);

    await expect(api.examine([[webhook(1, `"${'a'.repeat(60)}!"`)]])).rejects.toThrow('too long');
    await api.examine([[webhook(2, '"a"')]]);
    expect(threadsThatYield()).toBe(0);
  },
);

/** Of this process, by the nice value in the line of each. */
const threadsThatYield = (): number =>
  readdirSync('/proc/self/task').filter((id) => {
    const line = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[16] === '10';
  }).length;
