// How many deliveries of 4 KB a second the dispatcher makes from a full store to a handler on this machine, in one
// thread. Run by hand after a build: node test/bench/delivery.mjs [count] [concurrency]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDispatcher } from '../../dist/delivery/dispatcher.js';
import { destinationAt, filledStore, withVerbs } from './filled-store.mjs';
import { SECRET, startHandler, until } from './processes.mjs';

const [count = 40_000, concurrency = 16] = process.argv.slice(2).map(Number);

const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
const handler = await startHandler();
const store = await filledStore(folder, { count, to: ['handler'] });

const calls = { claimDeliveries: 0, settle: 0 };
let settled = 0;
const counting = withVerbs(store, {
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
});
const complain = (...args) => process.stderr.write(`${JSON.stringify(args)}\n`);
const log = { debug() {}, info() {}, warn: complain, error: complain };
const destination = destinationAt('handler', handler.url, { concurrency });
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
  attempts: () => () => {},
  meets: async () => true,
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
