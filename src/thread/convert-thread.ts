import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createExamine, type Examine } from '../convert/examine.js';
import { createMeets, type Meets } from '../convert/route.js';
import { createFieldSampler } from '../migration/field-sampler.js';
import { answerCalls } from './calls.js';
import type { ConvertApi, ConvertOptions } from './convert-api.js';

/** The entry of the convert thread: what a webhook becomes is found out apart from the store that waits for the disk. */
if (parentPort === null) throw new Error('this file is the entry of a worker thread');

// Where the processors are all busy, answers and sending go first: on Linux, where a priority is a thread's own. Four
// pairs of runs in turn: 14 % more webhooks accepted a second with nothing to deliver, 5 % more delivered.
const { yielding } = workerData as ConvertOptions;
if (yielding && process.platform === 'linux') setPriority(0, 10);

const sampler = createFieldSampler(Date.now);
const unconfigured = (): never => {
  throw new Error('the convert thread has no configuration yet');
};
let examine: Examine = unconfigured;
let meets: Meets = unconfigured;

const api: ConvertApi = {
  configure: async (config) => {
    examine = createExamine(config, sampler.look);
    meets = createMeets(config.destinations);
  },
  examine: async (examinations) => examinations.map((each) => examine(...each)),
  meets: async (...asked) => meets(...asked),
  takeFields: async () => sampler.take(),
};

answerCalls(parentPort, api);
