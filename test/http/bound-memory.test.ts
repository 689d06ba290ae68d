import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createMemoryBound, type MemoryBound, SMALL } from '../../src/http/bound-memory.js';

const MOST = 1_000_000;

interface Body {
  readonly stream: PassThrough;
  readonly release: () => void;
}

/** A body of which so many bytes have come, the last one by itself. */
async function bodyOf(bound: MemoryBound, bytes: number): Promise<Body> {
  const stream = new PassThrough().on('error', () => {});
  const release = bound(stream);
  for (const size of [bytes - 1, 1]) {
    const seen = once(stream, 'data');
    stream.write(Buffer.alloc(size));
    await seen;
  }
  return { stream, release };
}

describe('the bound of memory', () => {
  it('is kept to the byte, by what is beyond the small part of each', async () => {
    const bound = createMemoryBound(MOST);
    const full = await bodyOf(bound, SMALL + MOST);
    expect(full.stream.destroyed).toBe(false);
    const small = await bodyOf(bound, SMALL);
    expect(small.stream.destroyed).toBe(false);
    const beyond = await bodyOf(bound, SMALL + 1);
    expect(beyond.stream.errored).toMatchObject({ status: 503, code: 'busy' });
  });

  it('gives no room for small bodies, however many are under way', async () => {
    const bound = createMemoryBound(MOST);
    for (let i = 0; i < 50; i++) await bodyOf(bound, 2);
    const beyond = await bodyOf(bound, SMALL + MOST + 1);
    expect(beyond.stream.errored).toMatchObject({ code: 'busy' });
  });

  it('takes back once what a body held, and counts nothing of what still comes', async () => {
    const bound = createMemoryBound(MOST);
    const over = await bodyOf(bound, SMALL + MOST);
    over.release();
    over.release();
    const seen = once(over.stream, 'data');
    over.stream.write(Buffer.alloc(MOST));
    await seen;
    const next = await bodyOf(bound, SMALL + MOST);
    expect(next.stream.destroyed).toBe(false);
    const beyond = await bodyOf(bound, SMALL + 1);
    expect(beyond.stream.errored).toMatchObject({ code: 'busy' });
  });
});
