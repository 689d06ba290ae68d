import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startNotingUpTime } from '../src/up-time.js';
import { memoryLog } from './support/http.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function noted(noteUpTime = async (_now: number): Promise<void> => {}) {
  const times: number[] = [];
  const start = Date.now();
  const upTime = startNotingUpTime({
    store: {
      noteUpTime: async (now) => {
        await noteUpTime(now);
        times.push(now - start);
      },
    },
    log: memoryLog(),
    now: Date.now,
  });
  return { times, upTime };
}

it('notes the start, every quarter of a minute, and the end', async () => {
  const { times, upTime } = noted();
  await vi.advanceTimersByTimeAsync(31_000);
  await upTime.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(times).toEqual([0, 15_000, 30_000, 31_000]);
});

it('goes on once a store works again', async () => {
  let works = false;
  const { times, upTime } = noted(async () => {
    if (!works) throw new Error('the disk is full');
  });
  await vi.advanceTimersByTimeAsync(31_000);
  works = true;
  await vi.advanceTimersByTimeAsync(15_000);
  await upTime.stop();
  expect(times).toEqual([45_000, 46_000]);
});
