import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import type { Answer } from './answer.js';
import { describeFault, isOurs } from './fault.js';

/** What is kept of an answer's body, in bytes. */
const KEPT = 4096;
/** So much of a body is read to keep its connection; a longer one is cut off, which costs the connection. */
const READ = 64 * 1024;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * One request on its way, as undici's handler: without its response stream, whose bounds (4 KiB kept, 64 KiB read)
 * would need a reader of their own, and which costs more than all that is done here.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #url: URL;
  readonly #done: (exchange: Exchange, answer: Answer | null) => void;
  #begun = performance.now();
  #controller: Dispatcher.DispatchController | null = null;
  #ended = false;
  #status: number | null = null;
  #retryAfter: string | null = null;
  #chunks: Buffer[] = [];
  #size = 0;

  /** When it has taken too long, on the clock of `performance.now()`. */
  readonly deadline: number;

  /** @param done gets the answer, or null where it was abandoned; called once. */
  constructor(url: URL, timeout: number, done: (exchange: Exchange, answer: Answer | null) => void) {
    this.#url = url;
    this.#done = done;
    this.deadline = this.#begun + timeout;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error('too late'));
    else this.#begun = performance.now();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // 1xx come before the answer.
    if (status < 200) return;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    if (typeof retryAfter === 'string') this.#retryAfter = retryAfter;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#size < KEPT) this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > READ) this.#cut(null);
  }

  onResponseEnd(): void {
    this.#end(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#ended) this.#end(describeFault(error, this.#url), isOurs(error));
  }

  timeOut(limit: string): void {
    const stage =
      this.#controller === null ? ' without a connection' : this.#status === null ? '' : ' amid the answer';
    this.#cut(`timed out after ${limit}${stage}`);
  }

  /** Ends it without an answer. */
  abandon(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#done(this, null);
    this.#controller?.abort(new Error('abandoned'));
  }

  #cut(fault: string | null): void {
    this.#end(fault);
    this.#controller?.abort(new Error('cut off'));
  }

  #end(fault: string | null, ours = false): void {
    if (this.#ended) return;
    this.#ended = true;
    const duration = Math.round(performance.now() - this.#begun);
    const response = this.#status === null ? null : textOf(this.#chunks, this.#size);
    this.#done(this, { duration, status: this.#status, response, retryAfter: this.#retryAfter, fault, ours });
  }
}

/** The first bytes as text. Bytes that are no UTF-8, and NUL, which not every database takes, become U+FFFD. */
function textOf(chunks: readonly Buffer[], size: number): string {
  const [first] = chunks;
  if (first === undefined) return '';
  const bytes = chunks.length === 1 ? first : Buffer.concat(chunks);
  // As a stream, so that a character that the cut goes through is left out.
  const text =
    size > KEPT
      ? new TextDecoder().decode(bytes.subarray(0, KEPT), { stream: true })
      : bytes.toString('utf8');
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}
