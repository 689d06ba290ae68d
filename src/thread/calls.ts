import type { MessagePort, Worker } from 'node:worker_threads';
import { type ErrorCode, ShimError, StoreError } from '../errors.js';

/** What one thread offers the other: asynchronous functions of plain data. */
type Api = object;

interface Call {
  readonly id: number;
  readonly verb: string;
  readonly args: readonly unknown[];
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly kind: string; readonly code: string; readonly message: string };
    };

/** Answers the calls of the other thread. */
export function answerCalls(port: MessagePort, api: Api): void {
  const verbs = api as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
  port.on('message', ({ id, verb, args }: Call) => {
    const call = verbs[verb];
    const running =
      call === undefined ? Promise.reject(new Error(`no verb ${verb}`)) : call.apply(api, [...args]);
    running.then(
      (value) => port.postMessage({ id, value } satisfies Reply),
      (error: unknown) => port.postMessage({ id, error: pack(error) } satisfies Reply),
    );
  });
}

/**
 * The other thread's functions, to be called as if they were here. Once that thread has ended, for whatever reason,
 * every call rejects, those that wait as well.
 */
export function callThread<T extends Api>(worker: Worker, verbs: readonly (keyof T & string)[]): T {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let lastId = 0;
  let ended = false;
  const gone = (): StoreError =>
    new StoreError('store_unavailable', 'the thread that owns the store has ended');

  worker.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(unpack(reply.error));
    else call?.resolve(reply.value);
  });
  worker.once('exit', () => {
    ended = true;
    for (const call of waiting.values()) call.reject(gone());
    waiting.clear();
  });

  const call = (verb: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) {
        reject(gone());
        return;
      }
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, verb, args } satisfies Call);
    });
  // The one border where the two threads' types meet: both sides are compiled against T.
  return Object.fromEntries(
    verbs.map((verb) => [verb, (...args: readonly unknown[]) => call(verb, args)]),
  ) as unknown as T;
}

function pack(error: unknown): { kind: string; code: string; message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { kind: name, code: error instanceof ShimError ? error.code : '', message };
}

function unpack({ kind, code, message }: { kind: string; code: string; message: string }): Error {
  if (kind === 'StoreError') return new StoreError(code as ErrorCode, message);
  if (code !== '') return new ShimError(code as ErrorCode, message);
  return Object.assign(new Error(message), { name: kind });
}
