import { expect, it } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { tempFolder } from '../../support/temp-folder.js';
import { accept, claim, delivered, HOUR, T0, webhooks } from '../samples.js';

/** One step looks through so many webhooks. */
const MANY = 2_000;

it('looks through so many webhooks a step, so that none takes long, and finds an old one behind them', async () => {
  const store = await openStore('sqlite:shim.db', { mode: 'own', cwd: tempFolder() });
  const young = await store.putWebhooks(webhooks(MANY + 1, { receivedAt: T0 + HOUR }));
  await accept(store);
  for (const claimed of await claim(store)) await store.settle([delivered(claimed)]);

  const first = { before: T0 + HOUR, after: 0, limit: 100 };
  const second = { ...first, after: young[MANY - 1] ?? 0 };
  for (const dryRun of [true, false]) {
    expect(await store.prune({ ...first, dryRun })).toEqual({ removed: 0, next: second.after });
    expect(await store.prune({ ...second, dryRun })).toEqual({ removed: 1, next: null });
  }
  await store.close();
});
