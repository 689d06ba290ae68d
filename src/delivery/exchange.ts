import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import type { Answer, Message } from './answer.js';
import { isOurs, wasClosed } from './fault.js';

/** What is kept of an answer's body, in bytes. */
const KEPT = 4096;
/** So much of a body is read to keep its connection; a longer one is cut off, which costs the connection. */
const READ = 64 * 1024;
/**
 * 1xx that may come before the answer. undici takes any number of them: from a handler that sent them without end, until
 * they timed out, they took all of this thread, and with it the other destinations and the store.
 */
const MOST_INTERIM = 100;

/** What is sent. */
interface Content {
  readonly body: Buffer;
  readonly headers: Message['headers'];
}

/** Where exchanges are sent: what they ask of it. */
export interface Line {
  /** Milliseconds for all of it. */
  readonly timeout: number;
  /** Why there was no answer, for a person. */
  describe(error: Error): string;
  /** Whether the request that begins now is the first of its connection. */
  isFirst(): boolean;
  /** Sends it once more, over another connection. */
  again(exchange: Exchange): void;
  /** Called once. */
  ended(exchange: Exchange): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * One request on its way, as undici's handler: without its response stream, whose bounds (4 KiB kept, 64 KiB read)
 * would need a reader of their own, and which costs more than all that is done here.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #line: Line;
  readonly #onAnswer: (answer: Answer | null) => void;
  #begun = performance.now();
  #controller: Dispatcher.DispatchController | null = null;
  #ended = false;
  /** Whether it is the first of its connection. Not so before it has begun: it may be queued for an idle one. */
  #isFirst = false;
  #isAgain = false;
  #interim = 0;
  #status: number | null = null;
  #retryAfter: string | null = null;
  #chunks: Buffer[] = [];
  #size = 0;

  /** When it has taken too long, on the clock of `performance.now()`. */
  readonly deadline: number;

  /** @param onAnswer gets the answer, or null where it was abandoned; called once. */
  constructor(
    line: Line,
    readonly content: Content,
    onAnswer: (answer: Answer | null) => void,
  ) {
    this.#line = line;
    this.#onAnswer = onAnswer;
    this.deadline = this.#begun + line.timeout;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error('too late'));
    else {
      this.#isFirst = this.#line.isFirst();
      this.#begun = performance.now();
    }
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) {
      this.#interim++;
      if (this.#interim > MOST_INTERIM) this.#cut(`more than ${MOST_INTERIM} times 1xx instead of an answer`);
      return;
    }
    this.#status = status;
    const retryAfter = headers['retry-after'];
    if (typeof retryAfter === 'string') this.#retryAfter = retryAfter;
    // They end with their headers, whatever content-length these tell (RFC 9112, section 6.3). undici misses the body.
    if (status === 204 || status === 304) this.#end(null);
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
    if (this.#ended) return;
    if (this.#wasIdle(error)) {
      this.#isAgain = true;
      this.#controller = null;
      this.#line.again(this);
    } else this.#end(this.#line.describe(error), isOurs(error));
  }

  /**
   * A handler may close an idle connection at the moment at which a request is on its way over it. Nobody is at fault,
   * and a repeat has the same `webhook-id`: it is sent once more instead of failing. Where the connection is reset, undici
   * fails also what it has not begun to send over it.
   */
  #wasIdle(error: Error): boolean {
    return !this.#isFirst && !this.#isAgain && this.#status === null && wasClosed(error);
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
    this.#line.ended(this);
    this.#onAnswer(null);
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
    this.#line.ended(this);
    this.#onAnswer({
      duration,
      status: this.#status,
      response,
      retryAfter: this.#retryAfter,
      fault,
      ours,
    });
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
