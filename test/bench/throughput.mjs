// The shim beside the vendor's documented listener: alternating runs on one machine, medians, ratios. Each is loaded for
// a while before it is measured, for what runs for weeks is not measured while its code is being compiled.
// node test/bench/throughput.mjs [--rounds 5] [--seconds 8] [--warm-up 3] [--size 4096]
import { parseArgs } from 'node:util';
import { countOf, load, median, startHandler, startListener, startShim, until } from './processes.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    'warm-up': { type: 'string', default: '3' },
    size: { type: 'string', default: '4096' },
  },
});
const rounds = Number(values.rounds);
const shape = { seconds: Number(values.seconds), size: Number(values.size) };
const warmUp = { ...shape, seconds: Number(values['warm-up']) };

const measures = {
  'documented listener, stores nothing': async () => {
    const listener = await startListener();
    await load(listener.url, warmUp);
    const result = await load(listener.url, shape);
    await listener.stop();
    return { ...result, rate: result.requests / result.seconds };
  },
  'shim, accepted and stored': async () => {
    const shim = await startShim();
    await load(shim.url, warmUp);
    const result = await load(shim.url, shape);
    await shim.stop();
    return { ...result, rate: result.requests / result.seconds };
  },
  'shim, accepted, stored and delivered': async () => {
    const handler = await startHandler();
    const destination = { name: 'handler', url: `${handler.url}/hook`, concurrency: 64 };
    const shim = await startShim({ destinations: [destination] });
    const delivered = async (count) => until(async () => (await countOf(handler)) >= count);
    const first = await load(shim.url, warmUp);
    await delivered(first.requests - first.bad);
    const before = performance.now();
    const result = await load(shim.url, shape);
    await delivered(first.requests - first.bad + result.requests - result.bad);
    const seconds = (performance.now() - before) / 1_000;
    await shim.stop();
    await handler.stop();
    return { ...result, rate: result.requests / seconds };
  },
};

const results = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
for (let round = 1; round <= rounds; round++) {
  for (const [name, measure] of Object.entries(measures)) {
    const result = await measure();
    results[name].push(result);
    process.stderr.write(
      `round ${round}  ${name}: ${Math.round(result.rate)}/s, p99 ${result.p99} ms, ${result.bad} bad\n`,
    );
  }
}

const [base] = Object.values(results);
const baseRate = median(base.map((each) => each.rate));
process.stdout.write(
  `\n| ${shape.size} bytes, 64 connections, medians of ${rounds} | per second | of the listener | p50 ms | p99 ms |\n|---|---|---|---|---|\n`,
);
for (const [name, each] of Object.entries(results)) {
  const rate = median(each.map((one) => one.rate));
  const p50 = median(each.map((one) => one.p50)).toFixed(1);
  const p99 = median(each.map((one) => one.p99)).toFixed(1);
  process.stdout.write(
    `| ${name} | ${Math.round(rate)} | ${(rate / baseRate).toFixed(2)} | ${p50} | ${p99} |\n`,
  );
}
