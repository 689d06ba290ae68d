// How long a claim takes with little and with much that waits: freshly filled, and after many claims and settlements of
// which no vacuum has taken the traces away.
import { openStore } from '../../dist/store/open.js';
import { sql } from './postgres-server.mjs';
import { median } from './processes.mjs';

const FEW = 10_000;
const LIMIT = 64;
const DAYS = 5;
const DAY = 86_400_000;
const CLAIMS = 600;
/** Claims and settlements in a row, without a vacuum. */
const WORN = 200_000;
/** Ids of the rows that are made here, away from those that the store gives. */
const FIRST = 1_000_000_000;

/** Webhooks that are converted, each with one delivery that is due, spread over some days. */
async function fill(url, from, count) {
  const today = Math.floor(Date.now() / DAY);
  const first = today - DAYS + 1;
  const row = `SELECT (${first} + (n * ${DAYS}::bigint) / ${count}) AS day, n,
                      ${first * DAY}::bigint + n * ${Date.now() - first * DAY}::bigint / ${count} AS at
                 FROM generate_series(0::bigint, ${count - 1}) n`;
  const id = `day * 100000000000 + ${FIRST + from} + n`;
  await sql(
    url,
    'SET synchronous_commit = off',
    `INSERT INTO webhooks SELECT ${id}, 'extracta', 'legacy', at, 0, repeat('s', 44), repeat('x', 200) FROM (${row})`,
    `INSERT INTO events SELECT ${id}, ${id}, at, 'extraction.processed', 'evt_' || n, true, 1, NULL, NULL FROM (${row})`,
    `INSERT INTO deliveries (id, event_id, destination, mode, share, created_at, replayed)
     SELECT ${id}, ${id}, 'handler', 'live', 100, at, false FROM (${row})`,
    `INSERT INTO outbox (delivery_id, event_id, webhook_id, destination, mode, share, whole, size, created_at, number, due_at)
     SELECT ${id}, ${id}, ${id}, 'handler', 'live', 100, true, 200, at, ${FIRST + from} + n, at FROM (${row})`,
  );
}

/** A store with so many pending deliveries. */
async function filled(postgres, count) {
  const url = await postgres.createDatabase();
  const store = await openStore(url, { mode: 'own' });
  // The partitions of the days are made by whoever stores a webhook of them.
  const webhook = { source: 'extracta', format: 'legacy', body: '{}', signature: '', secretIndex: 0 };
  for (let day = 0; day < DAYS; day++) {
    await store.putWebhooks([{ ...webhook, receivedAt: Date.now() - day * DAY }]);
  }
  let made = 0;
  const add = async (more) => {
    await fill(url, made, more);
    made += more;
  };
  const step = Math.min(count, 500_000);
  while (made < count) await add(step);
  await sql(url, 'VACUUM ANALYZE');
  return { url, store, add };
}

const settlement = ({ id, fence }) => {
  const attempt = { startedAt: Date.now(), duration: 3, status: 200, error: null, fault: null };
  const rest = { response: 'ok', mode: 'live', share: 100 };
  return { deliveryId: id, fence, outcome: 'delivered', attempt: { ...attempt, ...rest } };
};

/** Claims once and settles all of it. @returns milliseconds of the claim */
async function claim({ store }) {
  const begun = performance.now();
  const claimed = await store.claimDeliveries({
    destination: 'handler',
    limit: LIMIT,
    now: Date.now(),
    lease: 60_000,
  });
  const took = performance.now() - begun;
  if (claimed.length !== LIMIT) throw new Error(`${claimed.length} claimed`);
  await store.settle(claimed.map(settlement));
  return took;
}

/** Alternating, so that what else the machine does meets both. @returns the median of each */
async function compare(few, many) {
  const times = { few: [], many: [] };
  for (let number = 0; number < CLAIMS; number++) {
    if (number % 100 === 0) await few.add(100 * LIMIT);
    times.few.push(await claim(few));
    times.many.push(await claim(many));
  }
  return { few: median(times.few), many: median(times.many) };
}

export async function compareClaims({ postgres, pending }) {
  const say = (text) => process.stderr.write(`${text}\n`);
  say(`filling ${FEW} and ${pending} pending deliveries`);
  const few = await filled(postgres, FEW);
  const many = await filled(postgres, pending);
  await compare(few, many);
  const fresh = await compare(few, many);
  say(`${WORN} claims and settlements without a vacuum`);
  await sql(many.url, 'ALTER TABLE outbox SET (autovacuum_enabled = false)');
  for (let done = 0; done < WORN; done += LIMIT) await claim(many);
  const worn = await compare(few, many);
  for (const { url, store } of [few, many]) {
    await store.close();
    await postgres.dropDatabase(url);
  }
  const row = (name, { few, many }) =>
    `| ${name} | ${few.toFixed(2)} | ${many.toFixed(2)} | ${(many / few).toFixed(2)} |\n`;
  const millions = `${pending / 1_000_000} million`;
  return (
    `| ${LIMIT} deliveries claimed, ms, medians of ${CLAIMS} | ${FEW} pending | ${millions} pending | ratio |\n` +
    `|---|---|---|---|\n${row('vacuumed', fresh)}${row(`the larger after ${WORN} claims without a vacuum`, worn)}`
  );
}
