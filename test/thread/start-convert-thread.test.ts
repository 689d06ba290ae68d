import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import type { StoredWebhook, Verified } from '../../src/model.js';
import type { startConvertThread } from '../../src/thread/start-convert-thread.js';
import { tempFolder } from '../support/config.js';
import { writeConfig } from '../support/service.js';

const config = (): Config => {
  const folder = tempFolder();
  const file = writeConfig(folder, {
    sources: [{ name: 'extracta', path: '/webhook', secrets: ['E_AI_K_c2hpbQ'] }],
    destinations: [],
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

it('says that memory ran out, and goes on in another thread with the same configuration', async () => {
  // As it was built: it starts a thread from a file that only the build makes.
  const path = fileURLToPath(new URL('../../dist/thread/start-convert-thread.js', import.meta.url));
  const built = (await import(path)) as { readonly startConvertThread: typeof startConvertThread };
  const { api, stop } = built.startConvertThread();
  onTestFinished(stop);
  await api.configure(config());

  // Fifteen million numbers, 30 MB: each becomes a text of its own to tell what is the same.
  const tooMuch = api.examine([[webhook(1, `[${'1,'.repeat(15_000_000)}1]`)]]);
  const behind = api.examine([[webhook(2, '1')]]);
  await expect(tooMuch).rejects.toMatchObject({ code: 'out_of_memory' });
  expect(await behind).toMatchObject([{ conversion: { outcome: 'converted', webhookId: 2 } }]);
}, 60_000);
