import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../errors.js';

/** The verbs that run: a close lets them finish, and lets no more begin. */
export class Running {
  readonly #verbs = new Set<Promise<unknown>>();
  #open = true;

  run<T>(verb: () => Promise<T>): Promise<T> {
    if (!this.#open) return Promise.reject(new StoreError('store_unavailable', 'the store is closed'));
    const running = verb();
    this.#verbs.add(running);
    const forget = (): void => {
      this.#verbs.delete(running);
    };
    running.then(forget, forget);
    return running;
  }

  /** @param patience milliseconds: what a server that has vanished owes is not waited for longer */
  async close(patience: number, release: () => Promise<void>): Promise<void> {
    this.#open = false;
    const finished = (async () => {
      await Promise.allSettled(this.#verbs);
      await release();
    })();
    await Promise.race([finished, sleep(patience, undefined, { ref: false })]);
  }
}
