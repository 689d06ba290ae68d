import { parentPort, workerData } from 'node:worker_threads';
import { startWork, type Work } from '../work.js';
import { answerCalls } from './calls.js';
import type { WorkApi, WorkOptions } from './work-api.js';

/** The entry of the work thread. */
if (parentPort === null) throw new Error('this file is the entry of a worker thread');

const options = workerData as WorkOptions;
let work: Work | null = null;

const started = (): Work => {
  if (work === null) throw new Error('the work has not been started');
  return work;
};

const api: WorkApi = {
  start: async () => {
    work = await startWork(options);
  },
  putWebhooks: async (batch) => started().putWebhooks(batch),
  configure: async (config) => started().configure(config),
  recordRefused: async (batch) => started().recordRefused(batch),
  ping: async (now) => started().ping(now),
  idleTimes: async () => started().idleTimes(),
  metrics: async () => started().metrics(),
  stop: async (grace) => work?.stop(grace),
};

answerCalls(parentPort, api);
