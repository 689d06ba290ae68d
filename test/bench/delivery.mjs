// How many deliveries of 4 KB a second the dispatcher makes from a full store to a handler on this machine, in one
// thread. Run by hand after a build: node test/bench/delivery.mjs [count] [concurrency]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDispatcher } from '../../dist/delivery/dispatcher.js';
import { openStore } from '../../dist/store/open.js';
import { SECRET, startHandler, until } from './processes.mjs';

const [count = 40_000, concurrency = 16] = process.argv.slice(2).map(Number);
const CHUNK = 500;

const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
const handler = await startHandler();
const store = await openStore('sqlite:shim.db', { mode: 'own', cwd: folder });

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
  const event = {
    event: 'extraction.processed',
    body: null,
    plain: true,
    files: [],
    destinations: [{ destination: 'handler', mode: 'live', share: 100, oncePerWebhook: false, delay: 0 }],
  };
  const conversions = ids.map((webhookId) => ({
    outcome: 'converted',
    webhookId,
    duplicatesSince: null,
    events: [{ ...event, messageId: `msg_${webhookId}` }],
  }));
  await store.saveConversions(conversions, Date.now());
}

const calls = { claimDeliveries: 0, settle: 0 };
let settled = 0;
const counting = {
  claimDeliveries: (request) => {
    calls.claimDeliveries++;
    return store.claimDeliveries(request);
  },
  settle: async (batch) => {
    calls.settle++;
    const taken = await store.settle(batch);
    settled += batch.length;
    return taken;
  },
  releaseExpired: (now) => store.releaseExpired(now),
};
const complain = (...args) => process.stderr.write(`${JSON.stringify(args)}\n`);
const log = { debug() {}, info() {}, warn: complain, error: complain };
const destination = {
  name: 'handler',
  url: handler.url,
  format: 'new',
  mode: 'live',
  timeout: 15_000,
  concurrency,
  retry: { attempts: 10, schedule: [0, 5_000], jitter: 0.2 },
  secret: null,
  standardSecret: null,
  headers: {},
};
const config = { sources: [{ name: 'extracta', secrets: [SECRET] }], destinations: [destination] };

const before = process.cpuUsage();
const begun = performance.now();
const dispatcher = startDispatcher({
  config,
  store: counting,
  log,
  now: Date.now,
  random: Math.random,
  pollInterval: 200,
});
await until(() => settled >= count);
const seconds = (performance.now() - begun) / 1_000;
const { user, system } = process.cpuUsage(before);
const figures = {
  deliveriesPerSecond: Math.round(count / seconds),
  cpuMicrosecondsEach: Math.round((user + system) / count),
  ...calls,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);

await dispatcher.stop(1_000);
await store.close();
await handler.stop();
rmSync(folder, { recursive: true, force: true });
