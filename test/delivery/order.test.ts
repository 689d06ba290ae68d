import { describe, expect, it, onTestFinished } from 'vitest';
import { createOrder, keysOf } from '../../src/delivery/order.js';
import { claimed, legacyBody } from './deliveries.js';
import { destinationAt, Setup } from './setup.js';

const file = (id: string) => ({ extractionId: 'e', batchId: 'b', fileId: id });
const legacy = (...ids: readonly string[]) =>
  claimed({ webhookBody: legacyBody(JSON.stringify(ids.map((id) => file(id)))) });
const own = (...ids: readonly string[]) =>
  JSON.stringify({ event: 'extraction.processed', result: ids.map((id) => file(id)) });
const bodyOf = (batchId: string, files: number) =>
  JSON.stringify({
    event: 'extraction.processed',
    result: Array.from({ length: files }, (_, index) => ({
      ...file(`f${index}`),
      batchId,
      status: 'processed',
      result: {},
    })),
  });
const keyOf = (id: string) => keysOf('file', legacy(id))[0];

describe('the lines of a delivery', () => {
  it('are those of what goes out', () => {
    expect(keysOf('file', legacy('f', 'g'))).toEqual([keyOf('f'), keyOf('g')]);
    expect(keysOf('file', { ...legacy('f', 'g'), body: own('g'), whole: false })).toEqual([keyOf('g')]);
  });

  it('are those of all of its events where it stands for its webhook', () => {
    expect(keysOf('file', { ...legacy('f', 'g'), body: own('g') })).toEqual([keyOf('f'), keyOf('g')]);
    const batch = claimed({
      webhookBody: legacyBody(
        JSON.stringify({ extractionId: 'e', batchId: 'b', files: [{ fileId: 'f' }, { fileId: 'g' }] }),
      ),
    });
    expect(keysOf('file', batch)).toEqual([keyOf('f'), keyOf('g')]);
  });

  it('are the same in both formats', () => {
    const modern = claimed({ format: 'new', webhookBody: own('f') });
    expect(keysOf('file', modern)).toEqual([keyOf('f')]);
  });

  it('are one where it cannot be read, so that it waits for ever in none', () => {
    expect(keysOf('file', claimed({ webhookBody: 'no JSON' }))).toHaveLength(1);
  });
});

it('writes the keys of no two deliveries in one step that have many', async () => {
  const setup = await Setup.create();
  onTestFinished(() => setup.end());
  const destination = destinationAt('http://127.0.0.1:9', { ordered: 'file' });
  const small = ['a', 'b', 'c'].map((batch) => bodyOf(batch, 1));
  const large = ['d', 'e', 'f'].map((batch) => bodyOf(batch, 10_000));
  const { store } = setup;
  await store.setOrder(destination.name, 'file');
  await setup.receive([destination], ...small, ...large);
  const written: number[][] = [];
  const putInOrder = createOrder(destination, {
    store: {
      setOrder: (...request) => store.setOrder(...request),
      listUnkeyed: (request) => store.listUnkeyed(request),
      keyDeliveries: (request) => {
        written.push(request.deliveries.map(({ keys }) => keys.length));
        return store.keyDeliveries(request);
      },
    },
    log: setup.log,
    now: () => setup.time,
  });
  await putInOrder();
  expect(written.every((keys) => keys.filter((count) => count > 1).length <= 1)).toBe(true);
  expect(written.flat()).toEqual([1, 1, 1, 10_000, 10_000, 10_000]);
  expect(await store.listUnkeyed({ destination: destination.name, limit: 1 })).toEqual([]);
});

describe('where an instance with another configuration has set another order and is gone', () => {
  it.each([
    [null, 'batch'],
    ['batch', null],
    ['batch', 'file'],
  ] as const)('goes on with its own, %s, and says so', async (ordered, others) => {
    const setup = await Setup.create();
    onTestFinished(() => setup.end());
    const { store, log } = setup;
    const destination = destinationAt('http://127.0.0.1:9', { ordered });
    let looks = 0;
    const putInOrder = createOrder(destination, {
      store: {
        setOrder: (...request) => store.setOrder(...request),
        listUnkeyed: async (request) => {
          if (++looks > 10) throw new Error('it looks for ever');
          return store.listUnkeyed(request);
        },
        keyDeliveries: (request) => store.keyDeliveries(request),
      },
      log,
      now: () => setup.time,
    });
    await putInOrder();
    await store.setOrder(destination.name, others);
    // More than one step of them: none of it gets its keys as they are here.
    const bodies = Array.from({ length: 70 }, (_, index) => bodyOf(`b${index}`, 1));
    await setup.receive([destination], ...bodies);
    await putInOrder();
    setup.time += 30_000;
    await putInOrder();
    expect(await store.setOrder(destination.name, ordered)).toBe(false);
    expect(await store.listUnkeyed({ destination: destination.name, limit: 1 })).toEqual([]);
    const request = { destination: destination.name, limit: 100, now: setup.time, lease: 1_000, rate: null };
    expect(await store.claimDeliveries(request)).not.toHaveLength(0);
    expect(log.lines).toEqual([expect.stringContaining('another configuration had set another order')]);
  });
});
