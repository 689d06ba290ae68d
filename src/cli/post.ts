import { messageOf } from '../errors.js';
import { signBody } from '../formats/request-body.js';
import { printable } from '../printable.js';

/** What came back for one signed webhook. */
export interface Answer {
  /** HTTP status; null where no answer came. */
  readonly status: number | null;
  /** The `message` of the answer, or its body, or the error: one line, safe to print. */
  readonly message: string;
  /** Milliseconds. */
  readonly duration: number;
}

const TIMEOUT = 30_000;
const LONGEST_MESSAGE = 300;

export interface Poster {
  /** Signs and sends a request body as the vendor would. Never rejects. */
  post(url: string, body: string, secret: string): Promise<Answer>;
  close(): Promise<void>;
}

/** @param options.connections to one host at a time */
export async function createPoster(options: {
  readonly connections: number;
  readonly now: () => number;
}): Promise<Poster> {
  // Loaded where it is needed: it takes longer than most commands do.
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connections: options.connections });
  const send = async (
    url: string,
    body: string,
    secret: string,
  ): Promise<readonly [number | null, string]> => {
    try {
      const { statusCode, body: answer } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-webhook-signature': signBody(body, secret) },
        body,
        headersTimeout: TIMEOUT,
        bodyTimeout: TIMEOUT,
        dispatcher,
      });
      return [statusCode, messageIn(await answer.text())];
    } catch (error) {
      return [null, connectionFault(error)];
    }
  };
  return {
    post: async (url, body, secret) => {
      const started = options.now();
      const [status, message] = await send(url, body, secret);
      const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
      return { status, message: printable(text), duration: options.now() - started };
    },
    close: () => dispatcher.close(),
  };
}

/** The reason behind a failed request, also where the runtime tried several addresses and left the message empty. */
export function connectionFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = messageOf(error);
  return message === '' ? code : message;
}

function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : null;
    return typeof message === 'string' ? message : text;
  } catch {
    return text;
  }
}
