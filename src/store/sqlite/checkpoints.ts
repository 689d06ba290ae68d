import { closeSync, fstatSync, openSync } from 'node:fs';

/** Copies the write-ahead log into the database, in another thread than the one that writes it. */
export interface Checkpointer {
  /**
   * Copies what it can without waiting for anybody. @returns how many frames the log has, a page each
   */
  checkpoint(): Promise<number>;
  stop(): Promise<void>;
}

/** What is copied in one go: so many commits, or so many bytes that the log has grown by. */
const COMMITS = 64;
const BYTES = 4 * 1024 * 1024;
/** In frames: a log that is longer is begun anew, 16 MiB. */
const LONGEST = 4096;

/**
 * Keeps the write-ahead log of a file that is served short, beside the thread that writes it: where SQLite does that by
 * itself, one commit in fifty waits until a thousand pages have been copied and are on the disk. Six pairs of runs in
 * turn: a tenth more webhooks delivered a second, and 4 % more accepted.
 */
export class Checkpoints {
  readonly #log: number;
  #running: Promise<void> | null = null;
  #commits = 0;
  #size = 0;

  /** @param path of the database, whose log is there */
  constructor(
    path: string,
    private readonly checkpointer: Checkpointer,
  ) {
    // There are no locks on the log, which closing a descriptor would end, as there are on the database.
    this.#log = openSync(`${path}-wal`, 'r');
  }

  /**
   * Told of each commit.
   *
   * @param standStill runs something while no transaction is open, nor begins
   */
  committed(standStill: (run: () => Promise<unknown>) => Promise<void>): void {
    this.#commits += 1;
    if (this.#running !== null) return;
    const { size } = fstatSync(this.#log);
    if (this.#commits < COMMITS && size < this.#size + BYTES) return;
    this.#commits = 0;
    this.#size = size;
    this.#running = this.#shorten(standStill)
      // As where SQLite does it by itself: what is committed is in the log, and the next one may work.
      .catch(() => {})
      .finally(() => {
        this.#running = null;
      });
  }

  async #shorten(standStill: Parameters<Checkpoints['committed']>[0]): Promise<void> {
    const frames = await this.checkpointer.checkpoint();
    // SQLite begins a log anew only once all of it has been copied, which it never is while more is written.
    if (frames > LONGEST) await standStill(() => this.checkpointer.checkpoint());
  }

  async close(): Promise<void> {
    await this.#running;
    await this.checkpointer.stop();
    closeSync(this.#log);
  }
}
