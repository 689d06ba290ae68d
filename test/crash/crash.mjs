// Kills the service with SIGKILL at random moments under load, again and again, then proves: every webhook that was
// answered 200 has been delivered, and each repeat carried the same webhook-id.
// node test/crash/crash.mjs [--rounds 200]
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { freePort, startShim, until } from '../bench/processes.mjs';
import { sign } from './signature.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' } } });
const rounds = Number(values.rounds);

/** batchId of each webhook that was answered 200 */
const answered = new Set();
/** batchId to the webhook-ids it was delivered with, and how often */
const delivered = new Map();
let badSignatures = 0;
let refusedOnPurpose = 0;

const handler = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { result } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (request.headers['x-webhook-signature'] !== sign(JSON.stringify(result))) badSignatures++;
  if (randomInt(20) === 0) {
    refusedOnPurpose++;
    response.statusCode = 500;
    return response.end();
  }
  const seen = delivered.get(result[0].batchId) ?? { ids: new Set(), times: 0 };
  seen.ids.add(request.headers['webhook-id']);
  seen.times++;
  delivered.set(result[0].batchId, seen);
  // Some answers are slow, so that kills find deliveries under way.
  setTimeout(() => response.end(), randomInt(30));
});
await new Promise((resolve) => handler.listen(0, '127.0.0.1', resolve));

const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), 'shim-crash-'));
const options = {
  folder,
  port,
  destinations: [
    {
      name: 'handler',
      url: `http://127.0.0.1:${handler.address().port}/`,
      concurrency: 32,
      retry: { attempts: 12, schedule: ['0s', '100ms'] },
    },
  ],
};

/** Sends webhooks, each of its own batch, until told to stop. */
async function send(pool, running) {
  while (running.value) {
    const batchId = randomUUID();
    const result = JSON.stringify([
      {
        extractionId: 'e',
        batchId,
        fileId: 'f',
        status: 'processed',
        result: { note: 'x'.repeat(randomInt(4_000)) },
      },
    ]);
    try {
      const answer = await pool.request({
        path: '/webhook',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-webhook-signature': sign(result) },
        body: JSON.stringify({ result }),
      });
      await answer.body.dump();
      if (answer.statusCode === 200) answered.add(batchId);
    } catch {
      // Killed in the middle: not answered, so nothing was promised.
    }
  }
}

for (let round = 1; round <= rounds; round++) {
  const shim = await startShim(options);
  const pool = new Pool(shim.url, { connections: 16 });
  const running = { value: true };
  const senders = Array.from({ length: 16 }, () => send(pool, running));
  await new Promise((resolve) => setTimeout(resolve, randomInt(300)));
  shim.child.kill('SIGKILL');
  running.value = false;
  await shim.exited;
  await Promise.all(senders);
  await pool.destroy();
  if (round % 20 === 0) {
    process.stderr.write(
      `${round} kills: ${answered.size} answered 200, ${delivered.size} delivered so far\n`,
    );
  }
}

const missing = () => [...answered].filter((batchId) => !delivered.has(batchId));
const shim = await startShim(options);
await until(() => missing().length === 0, 120).catch(() => undefined);
const code = await shim.stop('SIGTERM');
handler.close();
rmSync(folder, { recursive: true, force: true });

const repeats = [...delivered.values()].filter((seen) => seen.times > 1);
const changed = [...delivered.values()].filter((seen) => seen.ids.size !== 1);
const report = {
  kills: rounds,
  answered: answered.size,
  delivered: delivered.size,
  missing: missing().length,
  repeated: repeats.length,
  repeatedWithAnotherId: changed.length,
  badSignatures,
  refusedOnPurpose,
  exitStatus: code,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
const ok =
  report.missing === 0 && changed.length === 0 && badSignatures === 0 && code === 0 && answered.size > 0;
process.stdout.write(ok ? 'Nothing that was answered 200 was lost.\n' : 'FAILED\n');
process.exit(ok ? 0 : 1);
