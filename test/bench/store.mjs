// The store alone: node test/bench/store.mjs [webhooks, default 100000] [batch, default 64]; needs `npm run build`.
// First each verb by itself, in commits of one batch; then all of them at once, as the service has it.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../dist/store/open.js';

const count = Number(process.argv[2] ?? 100_000);
const size = Number(process.argv[3] ?? 64);
const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
const path = join(folder, 'shim.db');
const store = await openStore(`sqlite:${path}`, { mode: 'own' });

const filler = 'abcdefgh12345678'.repeat(250);
let serial = 0;
const webhooks = (length) =>
  Array.from({ length }, () => {
    serial += 1;
    return {
      source: 'extracta',
      format: 'legacy',
      receivedAt: Date.now(),
      body: `{"result":"[{\\"extractionId\\":\\"${serial}\\",\\"x\\":\\"${filler}\\"}]"}`,
      signature: 'bhT0dUqVZ2nBVfUfoX5VT9tN1Y3yQMJqPyFtPqJrT2c=',
      secretIndex: 0,
    };
  });
const conversion = (webhook) => {
  const digest = createHash('sha256').update(String(webhook.id)).digest();
  const subject = createHash('sha256').update(digest).digest().subarray(0, 16);
  const messageId = `evt_${digest.subarray(0, 18).toString('base64url')}`;
  const files = [{ subject, digest }];
  const event = {
    event: 'extraction.processed',
    messageId,
    body: null,
    plain: true,
    files,
    destinations: [{ destination: 'billing', mode: 'live', share: 100, oncePerWebhook: false, delay: 0 }],
  };
  return {
    outcome: 'converted',
    webhookId: webhook.id,
    duplicatesSince: Date.now() - 86_400_000,
    events: [event],
  };
};
const settlement = ({ id, fence }) => {
  const attempt = {
    startedAt: Date.now(),
    duration: 3,
    status: 200,
    error: null,
    fault: null,
    response: '{"message":"Webhook received"}',
    mode: 'live',
    share: 100,
  };
  return { deliveryId: id, fence, outcome: 'delivered', attempt };
};

const lease = 60_000;
const claimWebhooks = () => store.claimWebhooks({ limit: 64, now: Date.now(), lease });
const claimDeliveries = () =>
  store.claimDeliveries({ destination: 'billing', limit: 64, now: Date.now(), lease });

const print = (label, value) => process.stdout.write(`${label.padEnd(34)} ${value}\n`);
const micros = (since, n) => `${(((performance.now() - since) * 1000) / n).toFixed(1).padStart(8)} µs`;

/** Runs one verb until it has handled `n`. */
async function phase(label, n, step) {
  let done = 0;
  let spent = 0;
  while (done < n) {
    const [handled, time] = await step();
    done += handled;
    spent += time;
  }
  print(label, `${((spent * 1000) / done).toFixed(1).padStart(8)} µs a webhook`);
}
const timed = async (run) => {
  const since = performance.now();
  const result = await run();
  return [result, performance.now() - since];
};

async function eachVerb(n) {
  const claimed = [];
  const due = [];
  await phase(`putWebhooks, ${size} a call`, n, async () => {
    const batch = webhooks(size);
    const [, time] = await timed(() => store.putWebhooks(batch));
    return [size, time];
  });
  await phase('claimWebhooks, 64 a call', n, async () => {
    const [rows, time] = await timed(claimWebhooks);
    claimed.push(rows.map(({ id }) => ({ id })));
    return [rows.length, time];
  });
  await phase('saveConversions, 64 a call', n, async () => {
    const batch = claimed.shift().map(conversion);
    const [, time] = await timed(() => store.saveConversions(batch, Date.now()));
    return [batch.length, time];
  });
  await phase('claimDeliveries, 64 a call', n, async () => {
    const [rows, time] = await timed(claimDeliveries);
    due.push(rows.map(({ id, fence }) => ({ id, fence })));
    return [rows.length, time];
  });
  await phase('settle, 64 a call', n, async () => {
    const batch = due.shift().map(settlement);
    const [, time] = await timed(() => store.settle(batch));
    return [batch.length, time];
  });
  const since = performance.now();
  for (let i = 0; i < 2000; i += 1) await claimDeliveries();
  print('claimDeliveries, none due', `${micros(since, 2000)} a call`);
}

/** Everything at once for `n` webhooks. @returns webhooks/s, CPU microseconds a webhook, milliseconds of each put. */
async function allAtOnce(n) {
  const latencies = [];
  let settled = 0;
  let sent = 0;
  const producer = async () => {
    while (sent < n) {
      if (sent - settled > 2000) {
        await new Promise(setImmediate);
        continue;
      }
      const length = Math.min(size, n - sent);
      sent += length;
      const batch = webhooks(length);
      const [, time] = await timed(() => store.putWebhooks(batch));
      latencies.push(time);
    }
  };
  const converter = async () => {
    while (settled < n) {
      const rows = await claimWebhooks();
      if (rows.length === 0) await new Promise(setImmediate);
      else await store.saveConversions(rows.map(conversion), Date.now());
    }
  };
  const sender = async () => {
    while (settled < n) {
      const rows = await claimDeliveries();
      await store.settle(rows.map(settlement));
      settled += rows.length;
    }
  };
  const before = process.cpuUsage();
  const since = performance.now();
  await Promise.all([producer(), producer(), converter(), converter(), sender(), sender()]);
  const seconds = (performance.now() - since) / 1000;
  const cpu = process.cpuUsage(before);
  return { rate: n / seconds, user: cpu.user / n, system: cpu.system / n, latencies };
}

/** In rounds: the best tells what this machine can do, the median what else it did meanwhile. */
async function rounds(n) {
  const results = [];
  for (let done = 0; done < n; done += 10_000) results.push(await allAtOnce(10_000));
  const sorted = (of) => results.map(of).sort((a, b) => a - b);
  const middle = (values) => values[Math.floor(values.length / 2)];
  const rates = sorted((result) => result.rate);
  print(
    'all at once, median / best',
    `${Math.round(middle(rates))} / ${Math.round(rates.at(-1))} webhooks/s`,
  );
  const cpu = (of) => `${middle(sorted(of)).toFixed(1)} / ${sorted(of)[0].toFixed(1)} µs a webhook`;
  print(
    '  user CPU',
    cpu((result) => result.user),
  );
  print(
    '  system CPU',
    cpu((result) => result.system),
  );
  const times = results.flatMap((result) => result.latencies).sort((a, b) => a - b);
  const at = (share) => `${times[Math.floor(times.length * share)].toFixed(1)} ms`;
  print('  putWebhooks, p50 / p99 / max', `${at(0.5)} / ${at(0.99)} / ${times.at(-1).toFixed(1)} ms`);
}

await eachVerb(Math.min(count, 12_800));
await rounds(count);
print('database, WAL', `${statSync(path).size >> 20} MiB, ${statSync(`${path}-wal`).size >> 20} MiB`);
print('resident set', `${process.memoryUsage().rss >> 20} MiB`);
await store.close();
rmSync(folder, { recursive: true });
