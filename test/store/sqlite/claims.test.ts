import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { tempFolder } from '../../support/temp-folder.js';
import { accept, claim, T0 } from '../samples.js';

it('claims nothing for what is paused, or opened, before it within one transaction', async () => {
  const store = await openStore('sqlite:shim.db', { mode: 'own', cwd: tempFolder() });
  onTestFinished(() => store.close());
  await accept(store);
  const destination = 'billing';
  const [, opened] = await Promise.all([
    store.openBreaker({ destination, until: T0 + 1, reason: 'failures' }),
    claim(store, T0),
  ]);
  await store.closeBreaker(destination);
  const [, paused] = await Promise.all([
    store.pauseDestination({ destination, reason: 'operator', note: null, now: T0 }),
    claim(store, T0),
  ]);
  expect([opened, paused]).toEqual([[], []]);
});
