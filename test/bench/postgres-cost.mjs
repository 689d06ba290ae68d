// What one webhook with one delivery costs: bytes that are kept, bytes of write-ahead log, and CPU on both sides.
import { readdirSync, readFileSync } from 'node:fs';
import { sql } from './postgres-server.mjs';
import { countOf, cpuOf, load, memoryOf, startHandler, startShim, until } from './processes.mjs';

const WARM_UP = 10;
const MICROSECONDS = 1_000_000;

/** Of the server with its processes, those that have ended as well. */
function cpuOfServer(pid) {
  const fields = (process) => readFileSync(`/proc/${process}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const ended = fields(pid);
  let hundredths = Number(ended[13]) + Number(ended[14]);
  for (const process of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (Number(fields(process)[1]) === pid) hundredths += cpuOf(process) * 100;
    } catch {
      // It has just ended.
    }
  }
  return hundredths / 100 + cpuOf(pid);
}

async function stateOf(storeUrl) {
  const [row] = await sql(
    storeUrl,
    `SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relispartition AND relkind = 'r')::bigint AS kept,
            pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS wal,
            (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'webhook-shim%')::int AS connections`,
  );
  return { kept: Number(row.kept), wal: Number(row.wal), connections: row.connections };
}

export async function measureCost({ postgres, seconds, size }) {
  const storeUrl = await postgres.createDatabase();
  const handler = await startHandler();
  const destinations = [{ name: 'handler', url: `${handler.url}/hook`, concurrency: 64 }];
  const shim = await startShim({ storeUrl, destinations });
  let expected = 0;
  const run = async (duration) => {
    const { requests, bad } = await load(shim.url, { seconds: duration, size });
    expected += requests - bad;
    await until(async () => (await countOf(handler)) >= expected);
    await until(async () => (await sql(storeUrl, 'SELECT 1 FROM outbox LIMIT 1')).length === 0);
    return requests - bad;
  };
  await run(WARM_UP);
  await sql(storeUrl, 'CHECKPOINT');
  const before = { ...(await stateOf(storeUrl)), shim: cpuOf(shim.pid), server: cpuOfServer(postgres.pid()) };
  const count = await run(seconds * 3);
  const after = { ...(await stateOf(storeUrl)), shim: cpuOf(shim.pid), server: cpuOfServer(postgres.pid()) };
  const { peak } = memoryOf(shim.pid);
  await shim.stop();
  await handler.stop();
  await postgres.dropDatabase(storeUrl);
  const each = (name) => (after[name] - before[name]) / count;
  const rows = [
    ['bytes kept, indexes included', Math.round(each('kept'))],
    ['bytes of write-ahead log', Math.round(each('wal'))],
    ['CPU of the instance, µs', Math.round(each('shim') * MICROSECONDS)],
    ['CPU of the server, µs', Math.round(each('server') * MICROSECONDS)],
    ['connections of the instance', after.connections],
    ['memory of the instance, MB resident at the most', Math.round(peak / 1_000_000)],
  ];
  const lines = rows.map(([name, value]) => `| ${name} | ${value} |\n`);
  return `| a webhook of ${size} bytes with one delivery, over ${count} | |\n|---|---|\n${lines.join('')}`;
}
