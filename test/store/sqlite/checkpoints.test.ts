import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/store/open.js';
import { openCheckpointer } from '../../../src/store/sqlite/checkpointer.js';
import type { Checkpointer } from '../../../src/store/sqlite/checkpoints.js';
import type { Store } from '../../../src/store/store.js';
import { putOne, T0 } from '../samples.js';
import { temporaryFolder } from './folder.js';

const MEGABYTE = 1024 * 1024;
/** Commits from one checkpoint to the next. */
const COMMITS = 64;

async function openWith(checkpointer: (path: string) => Checkpointer) {
  const cwd = temporaryFolder();
  const store = await openStore('sqlite:shim.db', { mode: 'own', cwd, checkpointer });
  onTestFinished(() => store.close());
  return { store, cwd, logSize: () => statSync(join(cwd, 'shim.db-wal')).size };
}

const putSome = async (store: Store, count: number, body = '{"result":"[]"}'): Promise<number[]> => {
  const ids: number[] = [];
  for (let n = 0; n < count; n++) ids.push(await putOne(store, { body }));
  return ids;
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A checkpointer that says how long the log is when the test lets it. */
function heldCheckpointer() {
  const calls: { answer(frames: number): void; fail(error: Error): void }[] = [];
  let stopped = false;
  const checkpointer: Checkpointer = {
    checkpoint: () => new Promise((answer, fail) => calls.push({ answer, fail })),
    stop: async () => {
      stopped = true;
    },
  };
  return { calls, checkpointer, stopped: () => stopped };
}

describe('checkpoints beside the thread that writes', () => {
  it('keep the log short, whatever is written', async () => {
    const { store, logSize } = await openWith(openCheckpointer);
    const ids = await putSome(store, 120, 'x'.repeat(MEGABYTE));
    expect(logSize()).toBeLessThan(30 * MEGABYTE);
    expect((await store.getWebhook(ids[0] ?? 0))?.body).toHaveLength(MEGABYTE);
    expect((await store.getWebhook(ids.at(-1) ?? 0))?.body).toHaveLength(MEGABYTE);
  });

  it('are made once for many commits, one after the other', async () => {
    const { calls, checkpointer } = heldCheckpointer();
    const { store } = await openWith(() => checkpointer);
    await putSome(store, COMMITS - 2);
    expect(calls).toHaveLength(0);
    await putSome(store, COMMITS * 2);
    expect(calls).toHaveLength(1);
    calls[0]?.answer(1_000);
    await turn();
    await putSome(store, 1);
    expect(calls).toHaveLength(2);
    calls[1]?.answer(1_000);
  });

  it('let nothing be written while the end of a long log is copied, and all of it afterwards', async () => {
    const { calls, checkpointer } = heldCheckpointer();
    const { store } = await openWith(() => checkpointer);
    await putSome(store, COMMITS);
    calls[0]?.answer(10_000);
    await turn();
    expect(calls).toHaveLength(2);
    let written = false;
    const waiting = putOne(store, {}).then((id) => {
      written = true;
      return id;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(written).toBe(false);
    calls[1]?.answer(10_000);
    expect(await store.getWebhook(await waiting)).not.toBeNull();
  });

  it('may fail: what is written goes on, and the next is tried', async () => {
    const { calls, checkpointer } = heldCheckpointer();
    const { store } = await openWith(() => checkpointer);
    await putSome(store, COMMITS);
    calls[0]?.answer(10_000);
    await turn();
    calls[1]?.fail(new Error('disk I/O error'));
    await putSome(store, COMMITS);
    expect(calls).toHaveLength(3);
    calls[2]?.fail(new Error('disk I/O error'));
    await store.ping(T0);
  });

  it('have ended when the store is closed, which writes what waited before', async () => {
    const { calls, checkpointer, stopped } = heldCheckpointer();
    const { store, cwd } = await openWith(() => checkpointer);
    await putSome(store, COMMITS);
    const last = putOne(store, {});
    const closing = store.close();
    const id = await last;
    expect(stopped()).toBe(false);
    calls[0]?.answer(10_000);
    await turn();
    calls[1]?.answer(10_000);
    await closing;
    expect(stopped()).toBe(true);
    expect(statSync(join(cwd, 'shim.db-wal'), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    const reader = await openStore('sqlite:shim.db', { mode: 'read', cwd });
    expect(await reader.getWebhook(id)).not.toBeNull();
    await reader.close();
  });
});
