import { StoreError } from '../../errors.js';
import type { Database } from './driver.js';
import { isOwnFault } from './store-error.js';

interface Job {
  readonly idle: () => boolean;
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** A verb that may find nothing to do: then no transaction is opened for it. */
export interface Idle<T> {
  /** Looks, without writing. */
  readonly when: () => boolean;
  /** What the verb answers then. */
  readonly result: T;
}

/**
 * Group commit without a timer: what is asked for until the event loop comes round is one transaction, and one wait for
 * the disk. A job that fails by its own fault is undone alone; when the transaction fails, all of it is undone and
 * every job rejects.
 */
export class GroupCommit {
  #queue: Job[] = [];
  #scheduled = false;
  #closed = false;

  constructor(
    private readonly db: Database,
    private readonly explain: (error: unknown) => StoreError,
    /** Called whenever something was undone: what is remembered of it must be forgotten. */
    private readonly undone: () => void,
  ) {}

  /** @param run synchronous; what it throws undoes it. */
  write<T>(run: () => T, idle?: Idle<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreError('store_unavailable', 'the store is closed'));
    return new Promise((resolve, reject) => {
      let finish = () => {
        if (idle) resolve(idle.result);
      };
      this.#queue.push({
        idle: idle?.when ?? (() => false),
        run: () => {
          const result = run();
          finish = () => resolve(result);
        },
        resolve: () => finish(),
        reject,
      });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  /** Commits what waits, and takes no more. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    const jobs = this.#queue;
    this.#queue = [];
    this.#scheduled = false;
    try {
      const failed = jobs.every((job) => job.idle()) ? new Map<Job, unknown>() : this.#transaction(jobs);
      for (const job of jobs) {
        if (failed.has(job)) job.reject(this.explain(failed.get(job)));
        else job.resolve();
      }
    } catch (error) {
      this.#rollback();
      const reason = this.explain(error);
      for (const job of jobs) job.reject(reason);
    }
  }

  /** @returns the jobs that failed alone, with their errors. @throws what the transaction failed by. */
  #transaction(jobs: readonly Job[]): ReadonlyMap<Job, unknown> {
    const failed = new Map<Job, unknown>();
    this.db.exec('BEGIN IMMEDIATE');
    for (const job of jobs) {
      this.db.exec('SAVEPOINT job');
      try {
        job.run();
      } catch (error) {
        if (!isOwnFault(error) || !this.db.isTransaction) throw error;
        failed.set(job, error);
        this.db.exec('ROLLBACK TO job');
        this.undone();
      }
      this.db.exec('RELEASE job');
    }
    this.db.exec('COMMIT');
    return failed;
  }

  #rollback(): void {
    this.undone();
    try {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
    } catch {
      // It was rolled back by SQLite itself, or the next BEGIN will say what is wrong.
    }
  }
}
