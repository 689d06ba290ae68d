import { parentPort, workerData } from 'node:worker_threads';
import { openCheckpointer } from '../store/sqlite/checkpointer.js';
import { answerCalls } from './calls.js';

/** The entry of the checkpoint thread, which waits for the disk so that the thread that writes need not. */
if (parentPort === null) throw new Error('this file is the entry of a worker thread');

answerCalls(parentPort, openCheckpointer(workerData as string));
