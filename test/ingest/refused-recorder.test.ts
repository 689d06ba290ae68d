import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreError } from '../../src/errors.js';
import { createRefusedRecorder } from '../../src/ingest/refused-recorder.js';
import type { RefusedRequest } from '../../src/ingest/refused-sample.js';
import type { RefusedOfSource } from '../../src/store/refused.js';
import { eventually } from '../support/handler.js';
import { memoryLog } from '../support/http.js';

const DAY = 86_400_000;
const NOW = 20_000 * DAY + 5;
const SIGNATURE = `${'A'.repeat(43)}=`;
const extracta = { name: 'extracta', keepRefused: 0 };
const keeping = { name: 'keeping', keepRefused: 500 };

const request = (more: Partial<RefusedRequest> = {}): RefusedRequest => ({
  body: '{"result":"[]"}',
  signature: SIGNATURE,
  path: '/webhook',
  address: '203.0.113.9',
  ...more,
});

/** A recorder and what it hands over; it waits for `gate` each time. */
function start(options: { readonly gate?: () => Promise<void>; readonly interval?: number } = {}) {
  const batches: (readonly RefusedOfSource[])[] = [];
  const log = memoryLog();
  let time = NOW;
  const recorder = createRefusedRecorder({
    store: {
      recordRefused: async (batch) => {
        batches.push(batch);
        await options.gate?.();
      },
    },
    log,
    now: () => time,
    interval: options.interval ?? 5,
  });
  return { recorder, batches, log, setTime: (at: number) => (time = at) };
}

describe('requests that were refused for their signature', () => {
  it('are counted by source, day and reason, and handed over together', async () => {
    const { recorder, batches, setTime } = start();
    recorder.note(extracta, request());
    recorder.note(extracta, request({ signature: undefined }));
    recorder.note(extracta, request({ signature: '' }));
    recorder.note(keeping, request());
    setTime(NOW + DAY);
    recorder.note(extracta, request());
    await eventually(() => expect(batches).toHaveLength(1));
    const day = 20_000 * DAY;
    const counts = batches[0]?.map(({ source, keep, counts }) => ({ source, keep, counts }));
    expect(counts).toEqual([
      {
        source: 'extracta',
        keep: 0,
        counts: [
          { day, reason: 'no_signature', count: 2 },
          { day, reason: 'wrong_signature', count: 1 },
          { day: day + DAY, reason: 'wrong_signature', count: 1 },
        ],
      },
      { source: 'keeping', keep: 500, counts: [{ day, reason: 'wrong_signature', count: 1 }] },
    ]);
  });

  it('are sampled without body, where nothing else was asked for', async () => {
    const { recorder, batches } = start();
    recorder.note(extracta, request());
    await eventually(() => expect(batches).toHaveLength(1));
    expect(batches[0]?.[0]?.samples).toEqual([
      {
        receivedAt: NOW,
        reason: 'wrong_signature',
        address: '203.0.113.9',
        path: '/webhook',
        size: 15,
        wellFormed: true,
        request: null,
      },
    ]);
  });

  it.each([
    ['{"result":"[1]"}', true],
    ['{"result":[1],"event":"a.b"}', true],
    ['{"result":"no JSON"}', false],
    ['{"result":"3"}', false],
    ['{"result":7}', false],
    ['{"result":null}', false],
    [`{"result":"${'x'.repeat(1024 * 1024)}"}`, null],
  ])('tell whether they could be read: %.40s', async (body, wellFormed) => {
    const { recorder, batches } = start();
    recorder.note(extracta, request({ body }));
    await eventually(() => expect(batches[0]?.[0]?.samples[0]?.wellFormed).toBe(wellFormed));
  });

  it('are kept with their bodies where that is asked for and the right secret could verify them', async () => {
    const { recorder, batches } = start();
    recorder.note(keeping, request());
    recorder.note(keeping, request({ signature: undefined }));
    recorder.note(keeping, request({ signature: 'hex-or-what' }));
    recorder.note(keeping, request({ signature: `${SIGNATURE}=` }));
    recorder.note(keeping, request({ signature: `A${SIGNATURE}` }));
    recorder.note(keeping, request({ body: `{"result":"${'x'.repeat(1024 * 1024)}"}` }));
    await eventually(() => expect(batches).toHaveLength(1));
    expect(batches[0]?.[0]?.samples.map((sample) => sample.request)).toEqual([
      { body: '{"result":"[]"}', signature: SIGNATURE },
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('fill no memory, however many there are: the rest is counted', async () => {
    const { recorder, batches } = start({ interval: 60_000 });
    const body = `{"result":"${'x'.repeat(500_000)}"}`;
    for (let index = 0; index < 1_000; index++) {
      recorder.note(extracta, request());
      recorder.note(keeping, request({ signature: 'hex-or-what' }));
      recorder.note(keeping, request());
      recorder.note({ name: 'large', keepRefused: 1_000 }, request({ body }));
    }
    await recorder.close();
    const [plain, kept, large] = batches[0] ?? [];
    expect([plain, kept, large].map((each) => each?.counts[0]?.count)).toEqual([1_000, 2_000, 1_000]);
    expect(plain?.samples).toHaveLength(10);
    expect(kept?.samples.filter((sample) => sample.request !== null)).toHaveLength(100);
    expect(kept?.samples).toHaveLength(110);
    const bytes = large?.samples.reduce((sum, { request, size }) => sum + (request ? size : 0), 0);
    expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(7 * 1024 * 1024);
  });

  it('have the same room in each batch', async () => {
    const { recorder, batches } = start();
    const body = `{"result":"${'x'.repeat(1_000_000)}"}`;
    for (const round of [1, 2]) {
      for (let index = 0; index < 10; index++) recorder.note(keeping, request({ body }));
      await eventually(() => expect(batches).toHaveLength(round));
    }
    const kept = batches.map(([of]) => of?.samples.filter((sample) => sample.request !== null).length);
    expect(kept).toEqual([8, 8]);
  });

  it('that the store does not take are told of once, and again after it has worked', async () => {
    const works = [false, false, true, false];
    let asked = 0;
    const gate = async (): Promise<void> => {
      if (!works[asked++]) throw new StoreError('store_full', 'the disk is full');
    };
    const { recorder, log } = start({ gate });
    const lines: number[] = [];
    for (const round of [1, 2, 3, 4]) {
      recorder.note(extracta, request());
      await eventually(() => expect(asked).toBe(round));
      await new Promise(setImmediate);
      lines.push(log.lines.length);
    }
    await recorder.close();
    expect(lines).toEqual([1, 1, 1, 2]);
  });

  it('are written before the recorder is closed', async () => {
    let open = (): void => {};
    const gate = () =>
      new Promise<void>((resolve) => {
        open = resolve;
      });
    const { recorder, batches } = start({ gate, interval: 60_000 });
    recorder.note(extracta, request());
    let closed = false;
    const closing = recorder.close().then(() => {
      closed = true;
    });
    await eventually(() => expect(batches).toHaveLength(1));
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    open();
    await closing;
  });

  it('are written before the recorder is closed, after the batch that is on its way', async () => {
    const gates: (() => void)[] = [];
    const { recorder, batches } = start({ gate: () => new Promise((resolve) => gates.push(resolve)) });
    recorder.note(extracta, request());
    await eventually(() => expect(gates).toHaveLength(1));
    recorder.note(keeping, request());
    let closed = false;
    const closing = recorder.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect([gates.length, closed]).toEqual([1, false]);
    gates[0]?.();
    await eventually(() => expect(gates).toHaveLength(2));
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    gates[1]?.();
    await closing;
    expect(batches.map(([of]) => of?.source)).toEqual(['extracta', 'keeping']);
  });

  it('are left where the store does not answer: that holds up a close for two seconds at the most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { recorder, batches } = start({ gate: () => new Promise(() => {}) });
    recorder.note(extracta, request());
    const closing = recorder.close();
    await vi.advanceTimersByTimeAsync(2_000);
    await closing;
    expect(batches).toHaveLength(1);
  });

  it('go to the store one batch at a time, and what it does not take is dropped', async () => {
    let fail: (error: Error) => void = () => {};
    let open = (): void => {};
    let gates = 0;
    const gate = () =>
      new Promise<void>((resolve, reject) => {
        gates++;
        open = resolve;
        fail = reject;
      });
    const { recorder, batches, log } = start({ gate });
    recorder.note(extracta, request());
    recorder.note(extracta, request());
    await eventually(() => expect(gates).toBe(1));
    recorder.note(extracta, request());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(batches).toHaveLength(1);
    fail(new StoreError('store_full', 'the disk is full'));
    await eventually(() => expect(gates).toBe(2));
    expect(batches[1]?.[0]?.counts[0]?.count).toBe(1);
    expect(log.lines).toEqual([expect.stringContaining('refused requests not recorded')]);
    open();
    await recorder.close();
    expect(batches).toHaveLength(2);
  });
});
