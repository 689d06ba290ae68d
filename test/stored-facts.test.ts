import { describe, expect, it } from 'vitest';
import { StoreError } from '../src/errors.js';
import { openStore } from '../src/store/open.js';
import { createStoredFacts } from '../src/stored-facts.js';
import { createWorkMetrics } from '../src/telemetry/work-metrics.js';
import { accept, T0 } from './store/samples.js';
import { load } from './support/config.js';
import { readExposition, sampleValue } from './support/exposition.js';
import { tempFolder } from './support/temp-folder.js';

const nothing = { received: 0, receivedSince: null, quarantined: [], pending: [], dead: [] };

describe('what the metrics tell of the store', () => {
  it('is read once a second at the most, and at once again where that failed', async () => {
    let time = T0;
    let reads = 0;
    let broken = false;
    const facts = createStoredFacts({
      store: {
        waiting: async () => {
          reads++;
          if (broken) throw new StoreError('store_unavailable', 'it does not work');
          return nothing;
        },
        lastSeen: async () => [],
        listSightings: async () => [],
        destinationStates: async () => [],
      },
      now: () => time,
    });
    await Promise.all([facts(), facts()]);
    time += 999;
    await facts();
    expect(reads).toBe(1);
    time += 1;
    broken = true;
    await expect(facts()).rejects.toThrow('does not work');
    broken = false;
    await expect(facts()).resolves.toMatchObject({ waiting: nothing });
    expect(reads).toBe(3);
    // The clock is set back.
    time -= 3_600_000;
    await facts();
    expect(reads).toBe(4);
  });

  it('names the destinations that get nothing for a while, and tells the age of what is due', async () => {
    const { config } = load(`
sources: [{ name: extracta, path: /webhook, secrets: [one-of-the-sources] }]
destinations: [{ name: billing, url: "http://127.0.0.1/" }, { name: other, url: "http://127.0.0.1/" }]
`);
    const store = await openStore('sqlite:shim.db', { mode: 'own', cwd: tempFolder() });
    await accept(store);
    await store.openBreaker({ destination: 'billing', until: T0 + 99_000, reason: 'is down' });
    const now = () => T0 + 90_000;
    const facts = createStoredFacts({ store, now });
    const page = readExposition(await createWorkMetrics(config).text(await facts(), now()));
    await store.close();
    const of = (name: string, destination: string) => sampleValue(page, name, { destination });
    expect([of('shim_breaker_open', 'billing'), of('shim_breaker_open', 'other')]).toEqual([1, 0]);
    expect(of('shim_oldest_pending_seconds', 'billing')).toBe(90);
    expect(sampleValue(page, 'shim_parity_total', { result: 'legacy_only' })).toBe(1);
    expect(sampleValue(page, 'shim_last_seen_seconds', { source: 'extracta', format: 'legacy' })).toBe(90);
    expect(sampleValue(page, 'shim_secret_last_used_seconds', { source: 'extracta', secret: '0' })).toBe(90);
  });
});
