// Memory over many webhooks, accepted, stored and delivered: it must be steady and small.
// node test/bench/memory.mjs [--webhooks 500000]
import { parseArgs } from 'node:util';
import { countOf, load, memoryOf, startHandler, startShim, until } from './processes.mjs';

const { values } = parseArgs({ options: { webhooks: { type: 'string', default: '500000' } } });
const wanted = Number(values.webhooks);
const megabytes = (bytes) => Math.round(bytes / 1024 / 1024);

const handler = await startHandler();
const shim = await startShim({
  destinations: [{ name: 'handler', url: `${handler.url}/hook`, concurrency: 64 }],
});
process.stdout.write('| webhooks delivered | resident MB |\n|---|---|\n');
let sent = 0;
while (sent < wanted) {
  const result = await load(shim.url, { seconds: 10 });
  sent += result.requests - result.bad;
  const target = sent;
  await until(async () => (await countOf(handler)) >= target);
  process.stdout.write(`| ${sent} | ${megabytes(memoryOf(shim.pid).resident)} |\n`);
}
const { peak } = memoryOf(shim.pid);
await shim.stop();
await handler.stop();
process.stdout.write(`\npeak ${megabytes(peak)} MB over ${sent} webhooks\n`);
process.exit(peak < 250 * 1024 * 1024 ? 0 : 1);
