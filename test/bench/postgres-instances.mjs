// What a second instance adds where the handler is slow and its concurrency is the limit: the deliveries a second of one
// and of two, from the same backlog, in alternating rounds.

import { sql } from './postgres-server.mjs';
import { countOf, load, median, startHandler, startShim, until } from './processes.mjs';

const ANSWER = 50;
const CONCURRENCY = 16;
const FIRST = 200;
const SECONDS = 5;

/** A database in which more waits than two instances deliver. */
async function withBacklog(postgres, size) {
  const storeUrl = await postgres.createDatabase();
  const destination = { name: 'handler', url: 'http://127.0.0.1:9/', mode: 'paused' };
  const shim = await startShim({ storeUrl, destinations: [destination] });
  await load(shim.url, { seconds: 3, size });
  await until(async () => (await sql(storeUrl, 'SELECT 1 FROM inbox LIMIT 1')).length === 0);
  await shim.stop();
  return storeUrl;
}

async function measure({ postgres, instances, size }) {
  const storeUrl = await withBacklog(postgres, size);
  const handler = await startHandler(ANSWER);
  const destinations = [{ name: 'handler', url: `${handler.url}/hook`, concurrency: CONCURRENCY }];
  const start = () => startShim({ storeUrl, destinations });
  const shims = await Promise.all(Array.from({ length: instances }, start));
  await until(async () => (await countOf(handler)) >= FIRST * instances);
  const before = await countOf(handler);
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const rate = ((await countOf(handler)) - before) / ((performance.now() - begun) / 1_000);
  const [{ left }] = await sql(storeUrl, 'SELECT count(*)::int AS left FROM outbox');
  if (left === 0) throw new Error('the backlog was too small');
  await Promise.all(shims.map((shim) => shim.stop()));
  await handler.stop();
  await postgres.dropDatabase(storeUrl);
  return rate;
}

export async function compareInstances({ postgres, rounds, size }) {
  const rates = { 1: [], 2: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const instances of round % 2 === 0 ? [2, 1] : [1, 2]) {
      const rate = await measure({ postgres, instances, size });
      rates[instances].push(rate);
      process.stderr.write(`round ${round}  ${instances}: ${Math.round(rate)}/s\n`);
    }
  }
  const ratio = median(rates[2].map((rate, round) => rate / rates[1][round]));
  const row = (name, values, times) => `| ${name} | ${Math.round(median(values))} | ${times.toFixed(2)} |\n`;
  return (
    `| a handler that answers in ${ANSWER} ms, ${CONCURRENCY} at once for each instance, medians of ${rounds} | delivered per second | ratio |\n` +
    `|---|---|---|\n${row('one instance', rates[1], 1)}${row('two instances', rates[2], ratio)}`
  );
}
