// Three instances on one PostgreSQL under load. At random one of them is killed with SIGKILL, or PostgreSQL is stopped in
// immediate mode, and started again. Then it is proven: every webhook that was answered 200 has been delivered to both
// destinations, each repeat with the same webhook-id, and in order where the destination is ordered.
// node test/crash/postgres.mjs [--rounds 100]
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../bench/postgres-server.mjs';
import { freePort, startShim, until } from '../bench/processes.mjs';
import { createLedger } from './ledger.mjs';
import { startSenders } from './senders.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' } } });
const rounds = Number(values.rounds);
const INSTANCES = 3;
const SENDERS = 12;
/** After the last round: what a killed instance had claimed is free once its leases have ended. */
const SECONDS_TO_FINISH = 240;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const ledger = createLedger();
const handlers = { plain: await ledger.listen('plain'), ordered: await ledger.listen('ordered') };
const retry = { attempts: 30, schedule: ['0s', '100ms'] };
const common = { timeout: '2s', retry, breaker: { failures: 0 } };
const destinations = [
  { name: 'plain', url: handlers.plain.url, concurrency: 32, ...common },
  { name: 'ordered', url: handlers.ordered.url, concurrency: 32, ordered: 'batch', ...common },
];

const postgres = await startPostgres();
const storeUrl = await postgres.createDatabase();
const folder = mkdtempSync(join(tmpdir(), 'shim-crash-'));
const counts = { kills: 0, restarts: 0, diedAlone: 0, startsThatFailed: 0 };

/** An instance as a supervisor keeps it: started until it runs. */
async function startInstance(port) {
  for (let tries = 1; ; tries++) {
    try {
      const own = mkdtempSync(join(folder, 'instance-'));
      const shim = await startShim({ folder: own, port, storeUrl, destinations, quiet: true });
      const instance = { port, shim, expected: false };
      shim.exited.then(() => {
        if (!instance.expected) counts.diedAlone++;
      });
      return instance;
    } catch (error) {
      counts.startsThatFailed++;
      if (tries === 60) throw error;
      await pause(250);
    }
  }
}

const ports = [];
for (let number = 0; number < INSTANCES; number++) ports.push(await freePort());
// All at once: they have to agree on who makes the tables.
const instances = await Promise.all(ports.map(startInstance));
const senders = startSenders({ count: SENDERS, ports, ledger });

async function killInstance() {
  const victim = randomInt(INSTANCES);
  counts.kills++;
  instances[victim].expected = true;
  instances[victim].shim.child.kill('SIGKILL');
  await instances[victim].shim.exited;
  await pause(randomInt(300));
  instances[victim] = await startInstance(ports[victim]);
}

async function restartPostgres() {
  counts.restarts++;
  await postgres.crash();
  await pause(randomInt(300));
  await postgres.start();
}

for (let round = 1; round <= rounds; round++) {
  await pause(randomInt(800));
  const [kill, restart] = [
    [true, false],
    [true, false],
    [false, true],
    [true, true],
  ][randomInt(4)];
  await Promise.all([kill && killInstance(), restart && restartPostgres()]);
  if (round % 10 === 0) process.stderr.write(`round ${round}: ${ledger.summary()}\n`);
}
await senders.stop();

const begun = performance.now();
const complete = () => Object.keys(handlers).every((name) => ledger.missing(name).length === 0);
await until(complete, SECONDS_TO_FINISH).catch(() => undefined);
const secondsToFinish = Math.round((performance.now() - begun) / 100) / 10;
for (const instance of instances) instance.expected = true;
const exitStatuses = await Promise.all(instances.map(({ shim }) => shim.stop('SIGTERM')));
for (const { close } of Object.values(handlers)) close();
await postgres.dispose();
rmSync(folder, { recursive: true, force: true });

const report = { rounds, ...counts, ...ledger.report(), secondsToFinish, exitStatuses };
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
const ok =
  ledger.isClean() &&
  counts.diedAlone === 0 &&
  report.answered > 0 &&
  exitStatuses.every((status) => status === 0);
process.stdout.write(ok ? 'Nothing that was answered 200 was lost, and order was kept.\n' : 'FAILED\n');
process.exit(ok ? 0 : 1);
