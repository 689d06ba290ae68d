import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.js';
import { createGroupCommit } from '../../src/ingest/group-commit.js';
import type { NewWebhook, Verified } from '../../src/model.js';

const webhook = (body: string) => ({ body }) as Verified<NewWebhook>;

/** A store whose writes end when the test says so. */
function slowStore() {
  const writes: { bodies: string[]; done(ids: readonly number[]): void; fail(error: Error): void }[] = [];
  return {
    writes,
    putWebhooks: (batch: readonly Verified<NewWebhook>[]) =>
      new Promise<readonly number[]>((done, fail) => {
        writes.push({ bodies: batch.map((each) => each.body), done, fail });
      }),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the group commit', () => {
  it('writes what comes in one turn of the event loop together, and in that turn', async () => {
    const store = slowStore();
    const { accept } = createGroupCommit(store, 1);
    const answers = [accept(webhook('a')), accept(webhook('b'))];
    await settled();
    expect(store.writes.map((write) => write.bodies)).toEqual([['a', 'b']]);
    store.writes[0]?.done([1, 2]);
    expect(await Promise.all(answers)).toEqual([1, 2]);
  });

  it('writes all that comes while a batch is on its way together', async () => {
    const store = slowStore();
    const { accept } = createGroupCommit(store, 1);
    const first = accept(webhook('a'));
    await settled();
    const others = [accept(webhook('b')), accept(webhook('c'))];
    await settled();
    expect(store.writes.map((write) => write.bodies)).toEqual([['a']]);
    store.writes[0]?.done([1]);
    expect(await first).toBe(1);
    await settled();
    expect(store.writes.map((write) => write.bodies)).toEqual([['a'], ['b', 'c']]);
    store.writes[1]?.done([2, 3]);
    expect(await Promise.all(others)).toEqual([2, 3]);
  });

  it('ends a batch where the bodies become large together, with the order kept', async () => {
    const store = slowStore();
    const { accept } = createGroupCommit(store, 1);
    const bodies = ['a', 'b', 'c', 'd', 'e'].map((name) => name.repeat(7_000_000));
    const answers = bodies.map((body) => accept(webhook(body)));
    await settled();
    store.writes[0]?.done([1, 2, 3]);
    await Promise.all(answers.slice(0, 3));
    await settled();
    expect(store.writes.map((write) => write.bodies.map(([name]) => name))).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    store.writes[1]?.done([4, 5]);
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5]);
  });

  it('has two batches on their way where that is asked for', async () => {
    const store = slowStore();
    const { accept } = createGroupCommit(store, 2);
    const answers: Promise<number>[] = [];
    for (const body of ['a', 'b', 'c', 'd']) {
      answers.push(accept(webhook(body)));
      await settled();
    }
    expect(store.writes.map((write) => write.bodies)).toEqual([['a'], ['b']]);
    store.writes[1]?.done([2]);
    expect(await answers[1]).toBe(2);
    await settled();
    expect(store.writes.map((write) => write.bodies)).toEqual([['a'], ['b'], ['c', 'd']]);
    store.writes[0]?.done([1]);
    store.writes[2]?.done([3, 4]);
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4]);
  });

  it('answers nobody before the write is done', async () => {
    const store = slowStore();
    let answered = false;
    void createGroupCommit(store, 1)
      .accept(webhook('a'))
      .then(() => {
        answered = true;
      });
    await settled();
    expect(answered).toBe(false);
  });

  it('refuses those of a failed write, and goes on with the next', async () => {
    const store = slowStore();
    const { accept } = createGroupCommit(store, 1);
    const first = accept(webhook('a'));
    await settled();
    const second = accept(webhook('b'));
    store.writes[0]?.fail(new StoreError('store_full', 'full'));
    await expect(first).rejects.toMatchObject({ code: 'store_full' });
    await settled();
    store.writes[1]?.done([2]);
    expect(await second).toBe(2);
  });

  it('refuses what comes on top of ten thousand that wait, and writes those 256 at a time', async () => {
    const store = slowStore();
    const { accept } = createGroupCommit(store, 1);
    const waiting = Array.from({ length: 10_000 }, (_, index) => accept(webhook(String(index))));
    await expect(accept(webhook('one more'))).rejects.toMatchObject({ code: 'store_unavailable' });
    await settled();
    for (let next = 0; next < store.writes.length; next++) {
      const write = store.writes[next];
      write?.done(write.bodies.map(Number));
      await settled();
    }
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
    expect(store.writes.map((write) => write.bodies.length)).toEqual([...Array(39).fill(256), 16]);
  });

  it('is not drained while the turn goes on in which something came', async () => {
    const store = slowStore();
    const { accept, drained } = createGroupCommit(store, 2);
    const answer = accept(webhook('a'));
    let done = false;
    const draining = drained().then(() => {
      done = true;
    });
    await settled();
    await settled();
    expect(done).toBe(false);
    store.writes[0]?.done([1]);
    await draining;
    expect(await answer).toBe(1);
  });

  it('is drained once nothing waits', async () => {
    const store = slowStore();
    const { accept, drained } = createGroupCommit(store, 1);
    await drained();
    void accept(webhook('a'));
    await settled();
    void accept(webhook('b'));
    let done = false;
    const draining = drained().then(() => {
      done = true;
    });
    store.writes[0]?.done([1]);
    await settled();
    expect(done).toBe(false);
    store.writes[1]?.done([2]);
    await draining;
  });
});
