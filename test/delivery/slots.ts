import type { ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { createLoads, type Load } from '../../src/delivery/load.js';
import { createSlots, type Slots } from '../../src/delivery/slots.js';
import { createTurns, type Turns } from '../../src/delivery/turns.js';
import { memoryLog } from '../support/http.js';
import { claimed } from './deliveries.js';
import { readBody, startServer } from './servers.js';
import { destinationAt } from './setup.js';

const NOW = 1_700_000_000_000;

export interface Destination {
  readonly slots: Slots;
  /** Requests that wait for their answer. */
  readonly held: ServerResponse[];
  /** Sizes of the bodies that arrived. */
  readonly arrived: number[];
}

/** A destination that answers as it is told, with 16 slots. Deliveries for it have an id that is the size of their body. */
export async function destinationOf({
  load = createLoads()(),
  turns = createTurns(),
  owed = () => 0,
}: {
  readonly load?: Load;
  readonly turns?: Turns;
  /** How many outcomes hold their slot. */
  readonly owed?: () => number;
}): Promise<Destination> {
  const held: ServerResponse[] = [];
  const arrived: number[] = [];
  const handler = await startServer(async (request, response) => {
    arrived.push((await readBody(request)).length);
    held.push(response);
  });
  const slots = createSlots({
    destination: destinationAt(handler.url, { concurrency: 16 }),
    compose: ({ id }) => ({ body: 'x'.repeat(id), headers: {} }),
    settler: { add: () => {}, owed },
    holds: { note: () => {}, untested: () => {} },
    load,
    turns,
    onAttempt: () => {},
    log: memoryLog(),
    now: () => NOW,
    random: () => 0,
  });
  onTestFinished(async () => {
    await slots.close();
    await handler.close();
  });
  return { slots, held, arrived };
}

export function offer({ slots }: Destination, ...sizes: readonly number[]): void {
  for (const id of sizes) {
    slots.add({ delivery: { ...claimed(), id }, leaseEnd: NOW + 3_600_000 });
  }
  slots.fill();
}
