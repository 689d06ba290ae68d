import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import type { Store } from '../../../src/store/store.js';
import { tempFolder } from '../../support/temp-folder.js';
import { accept, claim, event } from '../samples.js';

const MB = 1_000_000;
const COUNT = 40;
const WEBHOOK = 'w'.repeat(MB);
const EVENT = 'e'.repeat(MB);

/** As many webhooks and events wait for a destination, of a megabyte each. */
async function withBacklog(): Promise<Store> {
  const store = await openStore('sqlite:shim.db', { mode: 'own', cwd: tempFolder() });
  onTestFinished(() => store.close());
  await store.setOrder('in-order', 'file');
  const destinations = ['billing', 'in-order'];
  for (let i = 0; i < COUNT; i++) {
    await accept(store, [event({ body: EVENT, destinations })], { webhook: { body: WEBHOOK } });
  }
  return store;
}

it.each([
  ['claimed', (store: Store) => claim(store, undefined, 'billing', COUNT)],
  ['put in line', (store: Store) => store.listUnkeyed({ destination: 'in-order', limit: COUNT })],
])('reads the bodies of deliveries that are %s when each is asked for', async (_name, list) => {
  const store = await withBacklog();
  const before = process.memoryUsage().heapUsed;
  const deliveries = await list(store);
  const taken = process.memoryUsage().heapUsed - before;
  expect(deliveries).toHaveLength(COUNT);
  expect(taken).toBeLessThan(10 * MB);
  for (const { body, webhook } of deliveries) expect(body === EVENT && webhook.body === WEBHOOK).toBe(true);
});
