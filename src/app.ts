import type { RequestListener } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Config } from './config/config.js';
import { ShimError } from './errors.js';
import { createAdminApp } from './http/admin-app.js';
import { createPublicApp, type Entrance } from './http/public-app.js';
import { type HttpServer, LIMITS, serveHttp } from './http/server.js';
import { createGroupCommit, type GroupCommit } from './ingest/group-commit.js';
import { createReceive } from './ingest/receive.js';
import { createRefusedRecorder, type RefusedRecorder } from './ingest/refused-recorder.js';
import { createMetrics } from './metrics.js';
import { createReadiness } from './readiness.js';
import { isShared } from './store/open.js';
import { createIngestMetrics, type IngestMetrics } from './telemetry/ingest-metrics.js';
import { createLog, type Log } from './telemetry/log.js';
import { callThread } from './thread/calls.js';
import { type Role, WORK_VERBS, type WorkApi, type WorkOptions } from './thread/work-api.js';

/** How long a stop waits in all, for requests under way and then for deliveries under way. */
const GRACE = 10_000;

/**
 * Megabytes. With its default bounds V8 lets garbage pile up: beyond 300 MB resident over 500,000 webhooks. A young
 * generation of 12 costs no more CPU than one of 24, and spares 15 to 20 MB; with an old one of 1024 instead of 512 the
 * peak went from below 250 to 255 MB, for 4 % less CPU.
 */
const WORK_HEAP = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 512 };

/**
 * V8 lets the old generation grow by a factor that it takes from the bound: 1.4 of 512 MB, 4 of 2 GB. What goes to and
 * from PostgreSQL passes through buffers that count towards it: with 1.4 all is marked anew every 300 webhooks of 4 KB,
 * which is a sixth of the CPU of an instance, with 4 every 1200.
 */
const SHARED_WORK_HEAP = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 2_048 };

/** The whole service, in this process. */
export interface Shim {
  /**
   * Opens the store, starts the work and listens. Once: to start again after a stop, make another.
   *
   * @returns where; an instance that does not receive has no public URL
   * @throws {ShimError} `port_in_use`, `store_locked`, …: what is wrong and what to do; `started_before`, which changes
   *   nothing
   */
  start(): Promise<{ readonly publicUrl: string | null; readonly adminUrl: string }>;
  /**
   * Goes on with another configuration, in one step: if it cannot be used, all stays as it was.
   *
   * @returns the keys whose change only takes effect with a restart
   * @throws {ShimError} why it cannot be used
   */
  reload(config: Config): Promise<readonly string[]>;
  /** Answers what came in, finishes or hands back what is being sent, and releases everything. */
  stop(): Promise<void>;
  /** Rejects if the service breaks while it runs; resolves once it has stopped. */
  readonly ended: Promise<void>;
}

/** @param grace milliseconds that are left */
type Release = (grace: number) => Promise<void>;

/** Composes the service: the main thread receives, a worker thread owns the store, converts and delivers. */
export function createShim(
  config: Config,
  options: {
    readonly cwd?: string;
    readonly log?: Log;
    readonly role?: Role;
    readonly migrate?: boolean;
  } = {},
): Shim {
  const { role = 'all', migrate = true, cwd = process.cwd() } = options;
  const log = options.log ?? createLog(config.log);
  const { promise: ended, resolve: end, reject: breakDown } = deferred();
  const releases: Release[] = [];
  let started = false;
  let stopping: Promise<void> | null = null;

  let running: { readonly work: WorkApi; use(config: Config): void } | null = null;

  const start: Shim['start'] = async () => {
    const work = await startWork({ config, role, migrate, cwd });
    // PostgreSQL writes over several connections: there the second of two batches could come first.
    const { accept, drained } = createGroupCommit(work, isShared(config.store.url) ? 1 : 2);
    releases.push(drained);
    const refused = createRefusedRecorder({ store: work, log, now: Date.now });
    releases.push(refused.close);
    const ingestMetrics = createIngestMetrics();
    const adminApp = createAdminApp({
      token: config.admin.token,
      ready: createReadiness(work, Date.now),
      metrics: createMetrics({ ingest: ingestMetrics, work, log }),
      log,
    });
    const admin = await listen(adminApp.callback(), config.admin, { ...LIMITS, linger: 0 });

    const receiver = role === 'work' ? null : await receive(accept, refused, ingestMetrics);
    running = { work, use: (next) => receiver?.use(next) };
    log.info({ url: admin.url }, 'admin and health');
    return { publicUrl: receiver?.url ?? null, adminUrl: admin.url };
  };

  const receive = async (accept: GroupCommit['accept'], refused: RefusedRecorder, metrics: IngestMetrics) => {
    const answerWith = (next: Config): RequestListener => {
      const sources = next.sources.map(
        (source): Entrance => ({
          path: source.path,
          receive: createReceive(source, accept, Date.now),
          onAnswer: metrics.source(source.name),
          onRefused: (request) => refused.note(source, request),
        }),
      );
      return createPublicApp({ sources, bodyLimit: next.server.bodyLimit, log }).callback();
    };
    let answer = answerWith(config);
    const { url } = await listen((request, response) => answer(request, response), config.server);
    log.info({ url, paths: config.sources.map((source) => source.path) }, 'receiving webhooks');
    return {
      url,
      use: (next: Config): void => {
        answer = answerWith(next);
      },
    };
  };

  const reload: Shim['reload'] = async (next) => {
    if (running === null) throw new ShimError('shutting_down', 'the service does not run');
    // A stop may come in between.
    const { work, use } = running;
    // The work half first: what a new source receives has to find it there.
    await work.configure(next);
    use(next);
    return needingRestart(config, next);
  };

  const startWork = async (workerData: WorkOptions): Promise<WorkApi> => {
    const worker = new Worker(new URL('./thread/work-thread.js', import.meta.url), {
      workerData,
      resourceLimits: isShared(config.store.url) ? SHARED_WORK_HEAP : WORK_HEAP,
    });
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    let failure: unknown = null;
    worker.once('error', (error) => {
      failure = error;
    });
    void exited.then(() => {
      if (stopping !== null) return;
      const message = 'the work thread ended; nothing that was answered 200 is lost: restart';
      log.fatal({ err: failure }, message);
      breakDown(new ShimError('store_unavailable', message, { cause: failure }));
    });
    const work = callThread<WorkApi>(worker, WORK_VERBS);
    releases.push(async (grace) => {
      await Promise.race([work.stop(grace).catch(() => undefined), exited]);
      await worker.terminate();
    });
    await work.start();
    return work;
  };

  const listen = async (...args: Parameters<typeof serveHttp>): Promise<HttpServer> => {
    const server = await serveHttp(...args);
    releases.push((grace) => server.close(grace));
    return server;
  };

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      running = null;
      const deadline = performance.now() + GRACE;
      for (const release of releases.reverse()) await release(Math.max(0, deadline - performance.now()));
      end();
    })();
    return stopping;
  };

  return {
    start: async () => {
      if (started || stopping !== null) {
        throw new ShimError('started_before', 'a shim starts once: make another one to start again');
      }
      started = true;
      try {
        return await start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    reload,
    stop,
    ended,
  };
}

/** What was set up once, at the start. */
function needingRestart(before: Config, after: Config): readonly string[] {
  const keys = [
    ['server.host', before.server.host, after.server.host],
    ['server.port', before.server.port, after.server.port],
    ['admin', before.admin, after.admin],
    // What is kept for how long is looked up anew each time.
    ['store', before.store, { ...after.store, retention: before.store.retention }],
    ['log', before.log, after.log],
  ] as const;
  return keys.filter(([, old, now]) => !isDeepStrictEqual(old, now)).map(([key]) => key);
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve = (): void => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever does not wait for it must not be ended by it.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
