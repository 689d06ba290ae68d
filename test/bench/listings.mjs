// How long a look at a store with a million deliveries takes: node test/bench/listings.mjs [deliveries, default 1000000];
// needs `npm run build`. Nine of ten are delivered, one of twenty is a dead letter, the rest wait; one webhook of a
// hundred is in quarantine. The slowest of ten calls of each verb, in milliseconds: the first one finds nothing in memory.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../dist/store/open.js';

const count = Number(process.argv[2] ?? 1_000_000);
const DESTINATIONS = ['archive', 'billing', 'crm', 'warehouse'];
const CHUNK = 1_000;
const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
const url = `sqlite:${join(folder, 'shim.db')}`;
let store = await openStore(url, { mode: 'own' });

const routes = DESTINATIONS.map((destination) => ({
  destination,
  mode: 'live',
  share: 100,
  oncePerWebhook: false,
  delay: 0,
}));
const webhook = (receivedAt) => ({
  source: 'extracta',
  format: 'legacy',
  receivedAt,
  body: `{"result":"${'x'.repeat(500)}"}`,
  signature: 'bhT0dUqVZ2nBVfUfoX5VT9tN1Y3yQMJqPyFtPqJrT2c=',
  secretIndex: 0,
});
function conversion(webhookId) {
  if (webhookId % 100 === 0) {
    return { outcome: 'quarantined', webhookId, reason: 'unknown_status', errors: ['file 1: no event'] };
  }
  const digest = createHash('sha256').update(String(webhookId)).digest();
  const files = [{ subject: digest.subarray(0, 16), digest }];
  const event = { event: 'extraction.processed', body: null, plain: true, files, destinations: routes };
  const events = [{ ...event, messageId: `evt_${webhookId}` }];
  return { outcome: 'converted', webhookId, duplicatesSince: null, events };
}
const attempt = { duration: 3, response: '', mode: 'live', share: 100 };
function settlement({ id, fence }, startedAt) {
  const common = { deliveryId: id, fence };
  return id % 20 === 0
    ? {
        ...common,
        outcome: 'dead',
        reason: '10 attempts failed; last: 500 Internal Server Error',
        attempt: { ...attempt, startedAt, status: 500, error: '500', fault: 'destination' },
      }
    : {
        ...common,
        outcome: 'delivered',
        attempt: { ...attempt, startedAt, status: 200, error: null, fault: null },
      };
}

const begun = Date.now() - 3_600_000;
let made = 0;
for (let at = begun; made < count; at += CHUNK) {
  const ids = await store.putWebhooks(Array.from({ length: CHUNK }, (_, index) => webhook(at + index)));
  const saved = await store.saveConversions(ids.map(conversion), at);
  made += saved.flatMap(({ events }) => events).reduce((sum, { deliveries }) => sum + deliveries, 0);
  // The last twentieth waits.
  if (made > count * 0.95) continue;
  for (const destination of DESTINATIONS) {
    const claimed = await store.claimDeliveries({ destination, limit: CHUNK, now: at, lease: 60_000 });
    await store.settle(claimed.map((delivery) => settlement(delivery, at)));
  }
}
await store.close();
store = await openStore(url, { mode: 'read' });

const limit = 50;
const someEvent = (await store.listEvents({ limit: 1 }))[0];
const someDelivery = (await store.listDeliveries({ limit: 1, status: 'dead' }))[0];
const looks = {
  'events list': () => store.listEvents({ limit }),
  'events list --since': () => store.listEvents({ limit, since: begun, until: begun + 60_000 }),
  'events show, by webhook-id': () => store.getEvent(someEvent.messageId),
  'deliveries list': () => store.listDeliveries({ limit }),
  'deliveries list --status pending': () => store.listDeliveries({ limit, status: 'pending' }),
  'deliveries list --status dead': () => store.listDeliveries({ limit, status: 'dead' }),
  'deliveries list --destination crm': () => store.listDeliveries({ limit, destination: 'crm' }),
  'deliveries list --fault destination': () => store.listDeliveries({ limit, fault: 'destination' }),
  'deliveries show': () => store.getDelivery(someDelivery.id),
  'quarantine list': () => store.listQuarantine({ limit }),
  'replay --status dead, a page': () => store.listReplayable({ limit: 100, dead: true }),
  'destinations list': () => Promise.all([store.listBacklogs(100_001), store.destinationStates()]),
  stats: () =>
    Promise.all([
      store.lastSeen(),
      store.waiting(10_001),
      store.refusedCounts(),
      store.listFields({ limit: 1_000 }),
      store.diskUse(),
    ]),
};
process.stdout.write(`| with ${made} deliveries | ms |\n|---|---|\n`);
for (const [name, look] of Object.entries(looks)) {
  const times = [];
  for (let run = 0; run < 10; run++) {
    const since = performance.now();
    await look();
    times.push(performance.now() - since);
  }
  process.stdout.write(`| ${name} | ${Math.max(...times).toFixed(1)} |\n`);
}
await store.close();
rmSync(folder, { recursive: true });
