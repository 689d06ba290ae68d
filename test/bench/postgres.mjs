// PostgreSQL as the store: what a webhook costs, CPU beside SQLite, claims in tables of any size, and
// instances side by side.
// node test/bench/postgres.mjs [cost] [rate] [claims] [instances] [--rounds 5] [--seconds 6] [--size 4096] [--pending 5000000]
import { parseArgs } from 'node:util';
import { compareClaims } from './postgres-claims.mjs';
import { measureCost } from './postgres-cost.mjs';
import { compareInstances } from './postgres-instances.mjs';
import { compareRates } from './postgres-rate.mjs';
import { startPostgres } from './postgres-server.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    size: { type: 'string', default: '4096' },
    pending: { type: 'string', default: '5000000' },
  },
});
const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const parts = { cost: measureCost, rate: compareRates, claims: compareClaims, instances: compareInstances };
const wanted = positionals.length === 0 ? Object.keys(parts) : positionals;

const postgres = await startPostgres();
try {
  for (const name of wanted) process.stdout.write(`\n${await parts[name]({ postgres, ...numbers })}`);
} finally {
  await postgres.dispose();
}
process.exit(0);
