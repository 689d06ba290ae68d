import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Io } from '../../src/cli/io.js';
import { runCli } from '../../src/cli/run.js';
import { loadConfig } from '../../src/config/load.js';
import { createBatchConverter, examineHere } from '../../src/convert/batch.js';
import { createExamine } from '../../src/convert/examine.js';
import { signBody } from '../../src/formats/request-body.js';
import type { Attempt, NewWebhook, Verified } from '../../src/model.js';
import { openStore } from '../../src/store/open.js';
import type { SavedConversion } from '../../src/store/rows.js';
import { Database } from '../../src/store/sqlite/driver.js';
import type { Store } from '../../src/store/store.js';
import { startConvertThread } from '../../src/thread/start-convert-thread.js';
import { tempFolder } from '../support/temp-folder.js';

export const SECRET = 'E_AI_K_command-line-test';
/** What the clock of every command shows. */
export const NOW = Date.parse('2026-03-01T12:00:00Z');
export const MINUTE = 60_000;

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  /** All that was printed so far. */
  stdout(): string;
  readonly done: Promise<Result>;
  /** What SIGTERM does. */
  stop(): void;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly now?: () => number;
  /** Called after each piece of output. */
  readonly onOutput?: () => void;
  /** Milliseconds that a conversion may take. */
  readonly longest?: number;
}

/** A working directory of its own, with a configuration in it, removed after the test. */
export class Place {
  private constructor(readonly folder: string) {}

  static async create(config: string = configText()): Promise<Place> {
    const place = new Place(tempFolder());
    await place.write('shim.yaml', config);
    return place;
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(join(this.folder, name), content);
  }

  start(
    args: readonly string[],
    { env = {}, stdin = '', now = () => NOW, onOutput, longest }: Surroundings = {},
  ): Running {
    let stdout = '';
    let stderr = '';
    let stop = (): void => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const io: Io = {
      program: 'webhook-shim',
      stdout: {
        write: (text) => {
          stdout += Buffer.from(text);
          onOutput?.();
        },
      },
      stderr: { write: (text) => (stderr += Buffer.from(text)) },
      stdin: bytes(stdin),
      env: { SHIM_CONFIG: 'shim.yaml', ...env },
      cwd: this.folder,
      colors: false,
      now,
      stopRequested: () => stopped,
      onReload: () => () => undefined,
      startConvertThread: () => startConvertThread(longest, false),
    };
    const done = runCli(args, io).then((status) => ({ status, stdout, stderr }));
    return { stdout: () => stdout, done, stop };
  }

  /** Runs a command to its end. */
  run(args: string | readonly string[], surroundings?: Surroundings): Promise<Result> {
    return this.start(typeof args === 'string' ? args.split(' ') : args, surroundings).done;
  }

  /** Changes what is stored behind the store's back. */
  async rewrite(sql: string, values: readonly string[]): Promise<void> {
    const db = new Database(join(this.folder, 'data/shim.db'), { readOnly: false });
    try {
      db.prepare(sql).run(...values);
    } finally {
      db.close();
    }
  }

  async store<T>(use: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore('sqlite:data/shim.db', { mode: 'own', cwd: this.folder });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  }

  /** Takes webhooks in and converts them, as the service does. */
  async receive(...webhooks: readonly Partial<NewWebhook>[]): Promise<readonly SavedConversion[]> {
    const { config } = loadConfig({ file: 'shim.yaml', env: {}, cwd: this.folder });
    return this.store(async (store) => {
      await store.putWebhooks(webhooks.map(signed));
      const claimed = await store.claimWebhooks({ limit: 1_000, now: NOW, lease: 1_000 });
      const converter = createBatchConverter(examineHere(createExamine(config)), store);
      return store.saveConversions(await converter.conclude(await converter.examine(claimed)), NOW);
    });
  }

  /** What is due at a destination is delivered. */
  deliver(destination: string): Promise<void> {
    return this.attempt({}, 'delivered', destination);
  }

  /** Attempts what is due at a destination, each with one outcome. */
  async attempt(
    attempt: Partial<Attempt>,
    outcome: 'delivered' | 'retry' | 'dead' | 'missed',
    destination = 'billing',
  ): Promise<void> {
    await this.store(async (store) => {
      const request = { destination, limit: 100, now: NOW + MINUTE, lease: MINUTE };
      const claimed = await store.claimDeliveries(request);
      const answer = { duration: 12.4, status: 200, error: null, response: null };
      const fault = outcome === 'delivered' ? null : 'destination';
      const made = { startedAt: NOW, ...answer, fault, mode: 'live', share: 100, ...attempt } as const;
      const outcomes = {
        delivered: { outcome: 'delivered' },
        retry: { outcome: 'retry', dueAt: NOW + MINUTE / 2 },
        dead: { outcome: 'dead', reason: 'used up its 2 attempts' },
        missed: { outcome: 'missed' },
      } as const;
      await store.settle(
        claimed.map(({ id, fence }) => ({ deliveryId: id, fence, attempt: made, ...outcomes[outcome] })),
      );
    });
  }
}

export const configText = (more: { readonly source?: string; readonly url?: string } = {}): string => `
server: { host: 127.0.0.1, port: 4000 }
store: { url: "sqlite:data/shim.db" }
sources:
  - name: extracta
    path: /webhook
    secrets: [${SECRET}]
    ${more.source ?? ''}
destinations:
  - name: billing
    url: ${more.url ?? 'http://127.0.0.1:5000/hooks/extracta?token=hush'}
`;

export const file = (more: Readonly<Record<string, unknown>> = {}) => ({
  extractionId: 'OXsMc1pD',
  batchId: 'bat_1',
  fileId: 'fil_1',
  fileName: 'invoice.pdf',
  status: 'processed',
  result: { total: 100 },
  ...more,
});

export const legacy = (files: unknown): string => JSON.stringify({ result: JSON.stringify(files) });

/** Tries two to the power of sixty ways on the name of `endlessFile`. */
export const ENDLESS = { properties: { name: { pattern: '^([a-z]+)*$' } } };
/** For a source, with `ENDLESS` in the file. */
export const ENDLESS_CONTRACT = 'contracts: [{ extractionId: OXsMc1pD, schema: ./endless.json }]';
export const endlessFile = (more: Readonly<Record<string, unknown>> = {}) =>
  file({ result: { name: `${'a'.repeat(60)}!` }, ...more });

/** As it is once its signature was checked. */
export function signed(more: Partial<NewWebhook>): Verified<NewWebhook> {
  const body = more.body ?? legacy([file()]);
  return {
    source: 'extracta',
    format: 'legacy',
    receivedAt: NOW - 10 * MINUTE,
    signature: signBody(body, SECRET),
    secretIndex: 0,
    ...more,
    body,
  } as Verified<NewWebhook>;
}

async function* bytes(content: string | Uint8Array): AsyncIterable<Uint8Array> {
  yield Buffer.from(content);
}

/** Waits for a condition; the test's own time-out ends it. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
