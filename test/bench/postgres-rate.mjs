// What an instance does with a second of its own CPU (user and system; PostgreSQL's is not counted), on PostgreSQL and on
// SQLite, in alternating rounds.
import { countOf, cpuOf, load, median, startHandler, startShim, until } from './processes.mjs';

/** Seconds: until then it is mostly the compiler that is measured. */
const WARM_UP = 15;

/** @returns webhooks accepted and delivered, by second of CPU and by second */
async function measure({ storeUrl, seconds, size }) {
  const handler = await startHandler();
  const destinations = [{ name: 'handler', url: `${handler.url}/hook`, concurrency: 64 }];
  const shim = await startShim({ destinations, ...(storeUrl === null ? {} : { storeUrl }) });
  const delivered = async (count) => {
    await until(async () => (await countOf(handler)) >= count);
    return count;
  };
  const warm = await load(shim.url, { seconds: WARM_UP, size });
  const before = await delivered(warm.requests - warm.bad);
  const cpu = cpuOf(shim.pid);
  const begun = performance.now();
  const loaded = await load(shim.url, { seconds, size });
  const count = (await delivered(before + loaded.requests - loaded.bad)) - before;
  const elapsed = (performance.now() - begun) / 1_000;
  const used = cpuOf(shim.pid) - cpu;
  await shim.stop();
  await handler.stop();
  return { perCpu: count / used, rate: count / elapsed, accepted: loaded.requests / loaded.seconds };
}

/** @param options.postgres where databases are made */
export async function compareRates({ postgres, rounds, seconds, size }) {
  const results = { SQLite: [], PostgreSQL: [] };
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 0 ? ['SQLite', 'PostgreSQL'] : ['PostgreSQL', 'SQLite'];
    for (const name of order) {
      const storeUrl = name === 'SQLite' ? null : await postgres.createDatabase();
      const result = await measure({ storeUrl, seconds, size });
      if (storeUrl !== null) await postgres.dropDatabase(storeUrl);
      results[name].push(result);
      process.stderr.write(`round ${round}  ${name}: ${Math.round(result.perCpu)} a second of CPU\n`);
    }
  }
  const ratios = results.PostgreSQL.map(({ perCpu }, round) => perCpu / results.SQLite[round].perCpu);
  const row = (name) => {
    const middle = (of) => Math.round(median(results[name].map(of)));
    const ratio = name === 'SQLite' ? 1 : median(ratios);
    const cells = [middle((one) => one.perCpu), ratio.toFixed(2), middle((one) => one.rate)];
    return `| ${name} | ${cells.join(' | ')} |\n`;
  };
  return (
    `| ${size} bytes, accepted, stored and delivered, medians of ${rounds} | per second of CPU | ratio | per second |\n` +
    `|---|---|---|---|\n${row('SQLite')}${row('PostgreSQL')}`
  );
}
