import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Hint } from '../rows.js';
import type { Database, Statement } from './database.js';
import { endClient } from './end-client.js';

/** One name for all: a hint that was meant for another schema of the database wakes somebody in vain. */
const CHANNEL = 'webhook_shim';
/** All COMMITs that notify wait for one another in the whole database: so rarely does each instance. */
const INTERVAL = 100;
/** Between two tries to listen. */
const BACKOFF = { first: 500, longest: 15_000 };
const CONNECT_TIMEOUT = 3_000;

const NOTIFY: Statement<unknown> = { name: 'notify', text: `SELECT pg_notify('${CHANNEL}', $1)` };

/** Tells other instances that there is work. Whatever is lost of it, they find by themselves a little later. */
export class Hints {
  readonly #due = new Set<Hint>();
  #sending: Promise<void> | null = null;
  #listener: { readonly stop: () => Promise<void> } | null = null;
  readonly #closing = new AbortController();

  /** @param self tells one's own hints apart: whoever gives one knows already */
  constructor(
    private readonly db: Database,
    private readonly url: string,
    private readonly self: string,
  ) {}

  give(hint: Hint): void {
    if (this.#closing.signal.aborted) return;
    this.#due.add(hint);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
  }

  listen(callback: (hint: Hint) => void): void {
    this.#listener ??= listen(this.url, (payload) => {
      const [from, hint] = payload.split(' ');
      if (from !== this.self && (hint === 'webhooks' || hint === 'deliveries')) callback(hint);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sending;
    await this.#listener?.stop();
  }

  /** At once, and then no more often than each interval. */
  async #send(): Promise<void> {
    while (this.#due.size > 0) {
      const hints = [...this.#due];
      this.#due.clear();
      for (const hint of hints) await this.db.query(NOTIFY, `${this.self} ${hint}`).catch(() => undefined);
      await pause(INTERVAL, this.#closing.signal);
    }
  }
}

/** Keeps one connection of its own, made anew whenever it is lost. */
function listen(url: string, callback: (payload: string) => void): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  let current: pg.Client | null = null;

  const session = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      fallback_application_name: 'webhook-shim hints',
    });
    current = client;
    const ended = new Promise<void>((resolve) => client.once('end', resolve).on('error', () => resolve()));
    client.on('notification', ({ payload }) => callback(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      await ended;
    } finally {
      await endClient(client);
    }
  };
  const run = async (): Promise<void> => {
    for (let backoff = BACKOFF.first; !stopping.signal.aborted; ) {
      const begun = performance.now();
      await session().catch(() => undefined);
      backoff = performance.now() - begun > BACKOFF.longest ? BACKOFF.first : backoff * 2;
      const wait = Math.min(backoff, BACKOFF.longest);
      await pause(wait, stopping.signal);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      if (current !== null) await endClient(current);
      await running;
    },
  };
}

/** Ends early once there is nothing more to wait for. */
const pause = (milliseconds: number, until: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal: until }).catch(() => undefined);
