// A store with deliveries of 4 KB that wait, for what is measured of delivering alone.
import { openStore } from '../../dist/store/open.js';

const CHUNK = 500;

/** @param to the destinations that each event is for */
export async function filledStore(folder, { count, to }) {
  const store = await openStore('sqlite:shim.db', { mode: 'own', cwd: folder });
  const destinations = to.map((destination) => ({
    destination,
    mode: 'live',
    share: 100,
    oncePerWebhook: false,
    delay: 0,
  }));
  for (let from = 0; from < count; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, count - from) }, (_, index) => from + index);
    const webhooks = numbers.map((number) => ({
      source: 'extracta',
      format: 'legacy',
      receivedAt: Date.now(),
      body: JSON.stringify({
        result: JSON.stringify([{ extractionId: String(number), text: 'x'.repeat(4_000) }]),
      }),
      signature: 'checked',
      secretIndex: 0,
    }));
    const ids = await store.putWebhooks(webhooks);
    const event = { event: 'extraction.processed', body: null, plain: true, files: [], destinations };
    const conversions = ids.map((webhookId) => ({
      outcome: 'converted',
      webhookId,
      duplicatesSince: null,
      events: [{ ...event, messageId: `msg_${webhookId}` }],
    }));
    await store.saveConversions(conversions, Date.now());
  }
  return store;
}

/** The store, but for some verbs. */
export const withVerbs = (store, verbs) =>
  new Proxy(store, { get: (_, name) => verbs[name] ?? store[name].bind(store) });

export const destinationAt = (name, url, more = {}) => ({
  name,
  url,
  format: 'new',
  mode: 'live',
  timeout: 15_000,
  concurrency: 16,
  rate: null,
  ordered: null,
  retry: { attempts: 10, schedule: [0, 5_000], jitter: 0.2 },
  breaker: { failures: 10, window: 60_000, cooldown: 30_000 },
  secret: null,
  standardSecret: null,
  headers: {},
  tls: null,
  proxy: null,
  ...more,
});
