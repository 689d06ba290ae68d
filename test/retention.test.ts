import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { keptFor, prune, startRetention } from '../src/retention.js';
import { memoryLog } from './support/http.js';

/** A store with so many webhooks to remove, that keeps account of its steps. */
function storeWith(webhooks: number) {
  const steps: { before: number; after: number; limit: number }[] = [];
  let left = webhooks;
  return {
    steps,
    prune: async (request: { before: number; after: number; limit: number }) => {
      steps.push(request);
      const removed = Math.min(left, request.limit);
      left -= removed;
      return { removed, next: left > 0 ? request.after + request.limit : null };
    },
  };
}

const eventually = async (check: () => boolean): Promise<void> => {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('retention', () => {
  it('goes in small steps, each from where the last one ended', async () => {
    const store = storeWith(250);
    expect(await prune(store, 1_000, async () => true)).toBe(250);
    expect(store.steps).toEqual(
      [0, 100, 200].map((after) => ({ before: 1_000, after, limit: 100, dryRun: false })),
    );
  });

  it('can be ended after any step', async () => {
    const store = storeWith(1_000);
    expect(await prune(store, 1_000, async () => false)).toBe(100);
  });

  it('keeps whatever a duplicate is recognised by', () => {
    const store = { url: 'sqlite:x', retention: 10 };
    const source = (dedupWindow: number) =>
      ({ dedupWindow }) as Parameters<typeof keptFor>[0]['sources'][number];
    expect(keptFor({ store, sources: [source(5)] })).toBe(10);
    expect(keptFor({ store, sources: [source(5), source(20)] })).toBe(20);
  });

  it('removes what is older than it says, tells how much, and stops at once when asked to', async () => {
    const store = storeWith(150);
    const log = memoryLog();
    const retention = startRetention({ store, keptFor: () => 400, log, now: () => 1_000 });
    await eventually(() => log.lines.length > 0);
    expect(store.steps.map(({ before }) => before)).toEqual([600, 600]);
    expect(log.lines[0]).toContain('"removed":150');
    await retention.stop();
  });

  it('is not held up in its stop by all that there is to remove', async () => {
    const store = storeWith(100_000);
    const retention = startRetention({ store, keptFor: () => 400, log: memoryLog(), now: () => 1_000 });
    await eventually(() => store.steps.length > 1);
    const before = store.steps.length;
    await retention.stop();
    expect(store.steps).toHaveLength(before);
  });

  it('is over when its stop is: what it has begun to remove is removed by then', async () => {
    let open = (): void => {};
    const begun: unknown[] = [];
    const store = {
      prune: (request: unknown) =>
        new Promise<{ removed: number; next: null }>((resolve) => {
          begun.push(request);
          open = () => resolve({ removed: 1, next: null });
        }),
    };
    const retention = startRetention({ store, keptFor: () => 400, log: memoryLog(), now: () => 1_000 });
    expect(begun).toHaveLength(1);
    let stopped = false;
    const stopping = retention.stop().then(() => {
      stopped = true;
    });
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    open();
    await stopping;
    expect(begun).toHaveLength(1);
  });

  it('goes on after a fault of the store, an hour later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const log = memoryLog();
    const working = storeWith(50);
    let calls = 0;
    const store: typeof working = {
      ...working,
      prune: async (request) => {
        if (++calls === 1) throw new Error('the disk is gone');
        return working.prune(request);
      },
    };
    const retention = startRetention({ store, keptFor: () => 400, log, now: () => 1_000 });
    await vi.advanceTimersByTimeAsync(3_600_000 - 1);
    expect(log.lines).toEqual([expect.stringContaining('tried again later')]);
    await vi.advanceTimersByTimeAsync(1);
    expect(log.lines[1]).toContain('"removed":50');
    // Nothing is left, and nothing is said of it.
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(working.steps).toHaveLength(2);
    await retention.stop();
    expect(log.lines).toHaveLength(2);
  });
});
