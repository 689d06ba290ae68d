// What a tenth destination that is dead costs the other nine: their deliveries a second, without it and with it, in
// alternating runs. Wanted: within 5 %. Run by hand after a build: node test/bench/isolation.mjs [rounds] [events]
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDispatcher } from '../../dist/delivery/dispatcher.js';
import { destinationAt, filledStore, withVerbs } from './filled-store.mjs';
import { median, SECRET, startHandler, until } from './processes.mjs';

const [rounds = 5, events = 3_000] = process.argv.slice(2).map(Number);
const WELL = Array.from({ length: 9 }, (_, index) => `well${index}`);
const DEAD = 'dead';

/** A URL at which nothing listens. */
async function deadUrl() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** @returns deliveries a second to the nine, and attempts at the dead one */
async function run(handler, dead) {
  const folder = mkdtempSync(join(tmpdir(), 'shim-bench-'));
  // Both stores hold the same: without the dead one it has no lane.
  const store = await filledStore(folder, { count: events, to: [...WELL, DEAD] });
  let delivered = 0;
  let failed = 0;
  const counting = withVerbs(store, {
    settle: async (batch) => {
      const taken = await store.settle(batch);
      delivered += batch.filter(({ outcome }) => outcome === 'delivered').length;
      failed += batch.filter(({ outcome }) => outcome === 'retry').length;
      return taken;
    },
  });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const destinations = WELL.map((name) => destinationAt(name, handler.url));
  if (dead !== null) destinations.push(destinationAt(DEAD, dead));
  const config = { sources: [{ name: 'extracta', secrets: [SECRET] }], destinations };
  const begun = performance.now();
  const options = {
    config,
    store: counting,
    log,
    now: Date.now,
    random: Math.random,
    pollInterval: 200,
    attempts: () => () => {},
    meets: async () => true,
  };
  const dispatcher = startDispatcher(options);
  await until(() => delivered >= events * WELL.length);
  const seconds = (performance.now() - begun) / 1_000;
  await dispatcher.stop(1_000);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  return { rate: Math.round(delivered / seconds), failed };
}

const handler = await startHandler();
const dead = await deadUrl();
await run(handler, null);
const without = [];
const beside = [];
for (let round = 0; round < rounds; round++) {
  // Each goes first as often as the other.
  const order = round % 2 === 0 ? [null, dead] : [dead, null];
  for (const url of order) {
    const { rate, failed } = await run(handler, url);
    (url === null ? without : beside).push(rate);
    process.stdout.write(`${JSON.stringify({ round, dead: url !== null, perSecond: rate, failed })}\n`);
  }
}
await handler.stop();
const ratios = beside.map((rate, round) => rate / without[round]);
const figures = {
  without: median(without),
  besideADeadOne: median(beside),
  // Round by round, since a shared machine drifts by more than what is looked for.
  changePercent: Number(((median(ratios) - 1) * 100).toFixed(1)),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
