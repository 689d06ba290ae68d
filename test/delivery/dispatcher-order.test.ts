import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DestinationConfig } from '../../src/config/config.js';
import { type Arrived, handlerOf, many, until } from './handler.js';
import { destinationAt, Setup } from './setup.js';

let setup: Setup;
beforeEach(async () => {
  setup = await Setup.create();
});
afterEach(() => setup.end());

interface File {
  readonly fileId: string;
  readonly batchId?: string;
  readonly status?: string;
  readonly n?: number;
}

const fileOf = ({ fileId, batchId = 'b', status = 'processed', n = 0 }: File) => ({
  extractionId: 'e',
  batchId,
  fileId,
  status,
  result: { n },
});
const legacy = (...files: readonly File[]) => JSON.stringify({ result: JSON.stringify(files.map(fileOf)) });
const modern = (event: string, ...files: readonly File[]) =>
  JSON.stringify({ event: `extraction.${event}`, result: files.map(fileOf) });

/** `processed f1 f2`, or for a legacy body its files alone. */
function nameOf(body: string): string {
  const { event, result } = JSON.parse(body);
  const files = typeof result === 'string' ? JSON.parse(result) : result;
  const ids = files.map(({ fileId }: File) => fileId);
  return [...(event === undefined ? [] : [event.split('.')[1]]), ...ids].join(' ');
}

interface Line {
  readonly handler: { readonly arrived: readonly Arrived[] };
  /** What came and was not answered yet. */
  readonly open: Map<string, ServerResponse>;
  answer(name: string, status?: number): void;
  start(): void;
  readonly destination: DestinationConfig;
}

/** A destination in order whose handler answers when it is told to. */
async function line(more: Partial<DestinationConfig> = {}): Promise<Line> {
  const open = new Map<string, ServerResponse>();
  const handler = await handlerOf(setup, (response, { body }) => open.set(nameOf(body), response));
  const destination = destinationAt(handler.url, { ordered: 'file', concurrency: 8, ...more });
  return {
    handler,
    open,
    destination,
    answer: (name, status = 200) => {
      open.get(name)?.writeHead(status).end();
      open.delete(name);
    },
    start: () => setup.dispatch(destination),
  };
}

const names = (open: ReadonlyMap<string, unknown>) => [...open.keys()].sort().join(', ');
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 60));

it('sends what happens to a file in order, over formats and events, while other files go on', async () => {
  const { open, answer, start, destination } = await line();
  await setup.receive(
    [destination],
    legacy({ fileId: 'f1' }, { fileId: 'f2' }),
    modern('edited', { fileId: 'f1', n: 1 }),
    modern('confirmed', { fileId: 'f2', n: 2 }),
    modern('processed', { fileId: 'f3' }),
  );
  start();
  start();
  await until(() => names(open) === 'processed f1 f2, processed f3');
  await aWhile();
  expect(names(open)).toBe('processed f1 f2, processed f3');
  answer('processed f3');
  answer('processed f1 f2');
  await until(() => names(open) === 'confirmed f2, edited f1');
});

it('waits for another attempt of the one before, and for a lease that runs, also after a restart', async () => {
  const { open, answer, handler, start, destination } = await line();
  const bodies = [modern('processed', { fileId: 'f' }), modern('confirmed', { fileId: 'f' })];
  await setup.receive([destination], ...bodies);
  const [claimed] = await (async () => {
    await setup.store.setOrder('billing', 'file');
    const [first] = await setup.store.listUnkeyed({ destination: 'billing', limit: 9 });
    await setup.store.keyDeliveries({
      destination: 'billing',
      by: 'file',
      deliveries: [{ deliveryId: first?.id ?? 0, keys: ['taken before by another instance'] }],
    });
    return setup.store.claimDeliveries({ destination: 'billing', limit: 1, now: setup.time, lease: 5_000 });
  })();
  // Set anew, the keys are those of this program.
  await setup.store.setOrder('billing', null);
  start();
  await aWhile();
  expect(handler.arrived).toHaveLength(0);
  expect(claimed).toBeDefined();
  setup.time += 5_000;
  await until(() => names(open) === 'processed f');
  answer('processed f', 500);
  await aWhile();
  expect(handler.arrived).toHaveLength(1);
  setup.time += 5_000;
  await until(() => handler.arrived.length === 2);
  answer('processed f');
  await until(() => names(open) === 'confirmed f');
});

it('goes on after a dead letter, and says so', async () => {
  const { open, answer, start, destination } = await line({
    retry: { attempts: 1, schedule: [0], jitter: 0 },
  });
  await setup.receive(
    [destination],
    modern('processed', { fileId: 'f' }),
    modern('edited', { fileId: 'f', n: 1 }),
  );
  start();
  await until(() => names(open) === 'processed f');
  answer('processed f', 400);
  await until(() => names(open) === 'edited f');
  const [next, first] = await setup.store.listDeliveries({ limit: 2 });
  expect(next?.afterDead).toBe(first?.id);
  await until(() => setup.log.lines.some((each) => each.includes('goes out although the one before it')));
});

it('takes in what waited before it was in order, what is replayed and what shadows get', async () => {
  const { open, answer, start, destination } = await line({ mode: 'shadow' });
  const bodies = [modern('processed', { fileId: 'f' }), modern('edited', { fileId: 'f', n: 1 })];
  await setup.receive([{ ...destination, ordered: null }], ...bodies);
  start();
  await until(() => names(open) === 'processed f');
  await aWhile();
  expect(open.size).toBe(1);
  answer('processed f', 500);
  await until(() => names(open) === 'edited f');
  const [, first] = await setup.store.listDeliveries({ limit: 2 });
  const replay = { destination: 'billing', mode: 'shadow', unlessDelivered: false } as const;
  await setup.store.addDeliveries(
    [{ ...replay, eventId: first?.eventId ?? 0, oncePerWebhook: false }],
    setup.time,
  );
  await aWhile();
  expect(names(open)).toBe('edited f');
  answer('edited f');
  await until(() => names(open) === 'processed f');
  answer('processed f');
});

it('sends a whole webhook to an old handler in line with each of its files', async () => {
  const { open, answer, start, destination } = await line({ format: 'legacy' });
  await setup.receive(
    [destination],
    legacy({ fileId: 'f1' }, { fileId: 'f2', status: 'failed' }),
    legacy({ fileId: 'f2', n: 2 }),
    legacy({ fileId: 'f3' }),
  );
  start();
  await until(() => names(open) === 'f1 f2, f3');
  await aWhile();
  answer('f1 f2');
  await until(() => names(open) === 'f2, f3');
});

it('sends in order the events of webhooks that waited for it while it was an old handler', async () => {
  const { open, answer, start, destination } = await line();
  await setup.receive(
    [{ ...destination, format: 'legacy', mode: 'paused' }],
    legacy({ fileId: 'f1' }, { fileId: 'f2', status: 'failed' }),
    legacy({ fileId: 'f2', n: 2 }),
  );
  start();
  for (const name of ['processed f1', 'failed f2', 'processed f2']) {
    await until(() => open.size > 0);
    await aWhile();
    expect(names(open)).toBe(name);
    answer(name);
  }
});

it('sends each of many batches in the order of arrival, through several instances', async () => {
  const sent = new Map<string, number[]>();
  const busy = new Set<string>();
  let overlaps = 0;
  const { url } = await handlerOf(setup, (response, { body }) => {
    const { batchId, result } = JSON.parse(body).result[0];
    if (busy.has(batchId)) overlaps++;
    busy.add(batchId);
    sent.set(batchId, [...(sent.get(batchId) ?? []), result.n]);
    setTimeout(() => {
      busy.delete(batchId);
      response.end();
    }, 1);
  });
  const destination = destinationAt(url, { ordered: 'batch', concurrency: 8 });
  const bodies = Array.from({ length: 200 }, (_, n) =>
    modern('processed', { fileId: `f${n}`, batchId: `b${n % 10}`, n }),
  );
  for (let from = 0; from < 200; from += 50) {
    await setup.receive([destination], ...bodies.slice(from, from + 50));
    if (from === 50) for (let count = 0; count < 3; count++) setup.dispatch(destination);
  }
  await until(async () => (await setup.count('delivered')) === 200);
  expect(overlaps).toBe(0);
  for (const numbers of sent.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

it('keeps a long line moving, without waiting for a poll between two', async () => {
  const { url } = await handlerOf(setup);
  const destination = destinationAt(url, { ordered: 'extraction' });
  await setup.receive(
    [destination],
    ...Array.from({ length: 100 }, (_, n) => modern('processed', { fileId: `f${n}` })),
  );
  await setup.add(...many(1, 'other'));
  setup.dispatch(destination);
  await until(async () => (await setup.count('delivered')) === 100);
});
