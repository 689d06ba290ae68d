import { Worker } from 'node:worker_threads';
import type { Config } from './config/config.js';
import { ShimError } from './errors.js';
import { createAdminApp } from './http/admin-app.js';
import { createPublicApp } from './http/public-app.js';
import { type HttpServer, serveHttp } from './http/server.js';
import { createGroupCommit } from './ingest/group-commit.js';
import { createReceive } from './ingest/receive.js';
import { createReadiness } from './readiness.js';
import { createLog, type Log } from './telemetry/log.js';
import { callThread } from './thread/calls.js';
import { WORK_VERBS, type WorkApi, type WorkOptions } from './thread/work-api.js';

/** How long a stop waits for requests and deliveries under way. */
const GRACE = 10_000;

/** The whole service, in this process. */
export interface Shim {
  /**
   * Opens the store, starts the work and listens.
   *
   * @throws {ShimError} `port_in_use`, `store_locked`, …: what is wrong and what to do
   */
  start(): Promise<{ readonly publicUrl: string; readonly adminUrl: string }>;
  /** Answers what came in, finishes or hands back what is being sent, and releases everything. */
  stop(): Promise<void>;
  /** Rejects if the service breaks while it runs; resolves once it has stopped. */
  readonly ended: Promise<void>;
}

type Release = () => Promise<void>;

/** Composes the service: the main thread receives, a worker thread owns the store, converts and delivers. */
export function createShim(
  config: Config,
  options: { readonly cwd?: string; readonly log?: Log } = {},
): Shim {
  const log = options.log ?? createLog(config.log);
  const { promise: ended, resolve: end, reject: breakDown } = deferred();
  const releases: Release[] = [];
  let stopping: Promise<void> | null = null;

  const start: Shim['start'] = async () => {
    const work = await startWork({ config, cwd: options.cwd ?? process.cwd() });
    const { accept, drained } = createGroupCommit(work);
    releases.push(drained);
    const sources = config.sources.map((source) => ({
      path: source.path,
      receive: createReceive(source, accept, Date.now),
    }));
    const admin = await listen(
      createAdminApp({ token: config.admin.token, ready: createReadiness(work, Date.now), log }),
      config.admin,
    );
    const publicApp = createPublicApp({ sources, bodyLimit: config.server.bodyLimit, log });
    const receiver = await listen(publicApp, config.server);
    log.info({ url: receiver.url, paths: config.sources.map((source) => source.path) }, 'receiving webhooks');
    log.info({ url: admin.url }, 'admin and health');
    return { publicUrl: receiver.url, adminUrl: admin.url };
  };

  const startWork = async (workerData: WorkOptions): Promise<WorkApi> => {
    const worker = new Worker(new URL('./thread/work-thread.js', import.meta.url), { workerData });
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    let failure: unknown = null;
    worker.once('error', (error) => {
      failure = error;
    });
    void exited.then(() => {
      if (stopping !== null) return;
      log.fatal({ err: failure }, 'the work thread ended; nothing that was answered 200 is lost: restart');
      breakDown(new ShimError('store_unavailable', 'the work thread ended', { cause: failure }));
    });
    const work = callThread<WorkApi>(worker, WORK_VERBS);
    releases.push(async () => {
      await Promise.race([work.stop(GRACE).catch(() => undefined), exited]);
      await worker.terminate();
    });
    await work.start();
    return work;
  };

  const listen = async (...args: Parameters<typeof serveHttp>): Promise<HttpServer> => {
    const server = await serveHttp(...args);
    releases.push(() => server.close(GRACE));
    return server;
  };

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const release of releases.reverse()) await release();
      end();
    })();
    return stopping;
  };

  return {
    start: async () => {
      try {
        return await start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    ended,
  };
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
