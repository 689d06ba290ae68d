// What retention costs those who wait for an answer: node test/bench/prune.mjs [webhooks, default 1000000] [seconds];
// needs `npm run build`. Fills a store with webhooks of 1 KB that are over and old, then puts batches of 64 new ones,
// as the service does, first alone and then while `prune` runs in another process.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../dist/store/open.js';

const [count = 1_000_000, seconds = 30] = process.argv.slice(2).map(Number);
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
const url = `sqlite:${join(folder, 'shim.db')}`;
const configFile = join(folder, 'shim.json');
const source = { name: 'extracta', path: '/webhook', secrets: ['E_AI_K_c2hpbS12ZWN0b3Itc2VjcmV0'] };
writeFileSync(configFile, JSON.stringify({ store: { url }, sources: [source], destinations: [] }));
const store = await openStore(url, { mode: 'own' });

// No more than a few arrive in the same millisecond.
const webhooks = (length, from) =>
  Array.from({ length }, (_, index) => ({
    source: 'extracta',
    format: 'legacy',
    receivedAt: from + index,
    body: `{"result":"${'x'.repeat(1000)}"}`,
    signature: 'bhT0dUqVZ2nBVfUfoX5VT9tN1Y3yQMJqPyFtPqJrT2c=',
    secretIndex: 0,
  }));
const destinations = [{ destination: 'billing', mode: 'live', share: 100, oncePerWebhook: false, delay: 0 }];
const conversion = (webhookId) => ({
  outcome: 'converted',
  webhookId,
  duplicatesSince: null,
  events: [{ event: 'a.b', messageId: `evt_${webhookId}`, body: null, plain: true, files: [], destinations }],
});
const delivered = (startedAt) => ({
  outcome: 'delivered',
  attempt: {
    startedAt,
    duration: 3,
    status: 200,
    error: null,
    fault: null,
    response: '',
    mode: 'live',
    share: 100,
  },
});

const old = Date.now() - 60 * DAY;
for (let done = 0; done < count; done += 1000) {
  const ids = await store.putWebhooks(webhooks(1000, old + done));
  await store.saveConversions(ids.map(conversion), old);
  const request = { destination: 'billing', limit: 1000, now: Date.now(), lease: 60_000 };
  for (let claimed = await store.claimDeliveries(request); claimed.length > 0; ) {
    await store.settle(claimed.map(({ id, fence }) => ({ deliveryId: id, fence, ...delivered(old) })));
    claimed = await store.claimDeliveries(request);
  }
}

/** Milliseconds that each put took. */
async function puts(goOn) {
  const times = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end && goOn(); ) {
    const since = performance.now();
    await store.putWebhooks(webhooks(64, Date.now()));
    times.push(performance.now() - since);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times.sort((a, b) => a - b);
}
const print = (label, times) => {
  const at = (share) => times[Math.floor((times.length - 1) * share)].toFixed(1);
  process.stdout.write(
    `${label}: ${times.length} puts of 64, p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms\n`,
  );
};

print('alone', await puts(() => true));
const child = spawn(process.execPath, [MAIN, 'prune', '--config', configFile], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
let running = true;
const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => {
  running = false;
});
print('beside prune', await puts(() => running));
child.kill();
await ended;
await store.close();
rmSync(folder, { recursive: true });
