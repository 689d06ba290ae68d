import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { MAIN } from '../../support/service.js';
import { tempFolder } from '../../support/temp-folder.js';

const THREADS = 4;
const ROUNDS = 30;

/** Runs the built code: a new file each round, on which all begin at the same moment. */
const CODE = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { arrived, folder, module, rounds, threads } = workerData;
  import(module).then(async ({ migrateStore }) => {
    const failures = [];
    let made = 0;
    for (let round = 0; round < rounds; round++) {
      Atomics.add(arrived, round, 1);
      while (Atomics.load(arrived, round) < threads);
      await migrateStore('sqlite:' + folder + '/' + round + '/shim.db', { now: 0, days: 0 }).then(
        ({ from }) => { if (from === 0) made += 1; },
        (error) => { failures.push(error.message); },
      );
    }
    parentPort.postMessage({ failures, made });
  });`;

interface Outcome {
  readonly failures: readonly string[];
  readonly made: number;
}

it('makes a new file once where four do it at the same moment, and fails none of them', async () => {
  const workerData = {
    arrived: new Int32Array(new SharedArrayBuffer(4 * ROUNDS)),
    folder: tempFolder(),
    module: join(MAIN, '../store/open.js'),
    rounds: ROUNDS,
    threads: THREADS,
  };
  const outcomes = await Promise.all(
    Array.from({ length: THREADS }, () => {
      const worker = new Worker(CODE, { eval: true, workerData });
      return new Promise<Outcome>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    }),
  );
  expect(outcomes.flatMap(({ failures }) => failures)).toEqual([]);
  // Of the two steps, each is done by one of them: who did the first says that there was nothing before.
  expect(outcomes.reduce((sum, { made }) => sum + made, 0)).toBe(ROUNDS);
});
