import { expect, it, onTestFinished, vi } from 'vitest';
import { StoreError } from '../src/errors.js';
import { createReadiness } from '../src/readiness.js';

const readiness = (ping: () => Promise<void>, idle: number, converting = 0) =>
  createReadiness({ ping, idleTimes: async () => ({ convert: converting, deliver: idle }) }, () => 0)();

const works = async (): Promise<void> => {};
const away = async (): Promise<void> => {
  throw new StoreError('store_unavailable', 'no connection');
};

it('says which loop is stuck and what to do: a restart brings back no store', async () => {
  expect(await readiness(works, 0)).toEqual({
    store: { ok: true, message: 'takes writes' },
    convert: { ok: true, message: 'moves' },
    deliver: { ok: true, message: 'moves' },
  });
  expect(await readiness(works, 20_000)).toMatchObject({
    deliver: { ok: false, message: 'has not moved for 20 s: restart the service' },
  });
  expect(await readiness(away, 20_000)).toEqual({
    store: { ok: false, message: 'no connection' },
    convert: { ok: true, message: 'moves' },
    deliver: { ok: false, message: 'has not moved for 20 s: it waits for the store' },
  });
});

it('lets a conversion that does not come to an end be given up before it asks for a restart', async () => {
  expect(await readiness(works, 0, 65_000)).toMatchObject({ convert: { ok: true } });
  expect(await readiness(works, 0, 80_000)).toMatchObject({
    convert: { ok: false, message: 'has not moved for 80 s: restart the service' },
  });
});

it('gives up a store, and a thread, that does not answer while a sender would wait', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const never = () => new Promise<never>(() => {});
  const answers: unknown[] = [];
  const storeAway = createReadiness({ ping: never, idleTimes: async () => ({ deliver: 20_000 }) }, () => 0);
  const threadAway = createReadiness({ ping: works, idleTimes: never }, () => 0);
  const asked = [storeAway, threadAway].map(async (ask) => answers.push(await ask()));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(answers).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await Promise.all(asked);
  expect(answers).toContainEqual({
    store: { ok: false, message: 'no answer within 5 s' },
    deliver: { ok: false, message: 'has not moved for 20 s: it waits for the store' },
  });
  expect(answers).toContainEqual({
    store: { ok: true, message: 'takes writes' },
    work: { ok: false, message: 'no answer within 5 s' },
  });
  expect(vi.getTimerCount()).toBe(0);
});
