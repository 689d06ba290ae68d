/** Who waits for a statement: a sender, whoever asks whether one could be served, or what goes on behind the answers. */
export type WaitedForBy = 'sender' | 'check' | 'work';

/** Connections that each leaves to those before it. */
const LEAVES: Readonly<Record<WaitedForBy, number>> = { sender: 0, check: 1, work: 2 };

interface Waiter {
  readonly leaves: number;
  readonly begin: () => void;
}

/**
 * So many connections at once. Work that a lock or a slow server holds up takes a connection for each destination, and
 * would soon have them all: webhooks, which need nothing of what it waits for, would be refused, and are not sent again.
 */
export class Places {
  #taken = 0;
  readonly #waiting = new Set<Waiter>();

  /** @param patience milliseconds that a place is waited for @param tooLate what is thrown after that */
  constructor(
    private readonly count: number,
    private readonly patience: number,
    private readonly tooLate: () => Error,
  ) {}

  async with<T>(by: WaitedForBy, run: () => Promise<T>): Promise<T> {
    await this.#take(LEAVES[by]);
    try {
      return await run();
    } finally {
      this.#taken--;
      this.#next()?.begin();
    }
  }

  async #take(leaves: number): Promise<void> {
    if (this.#isFree(leaves)) {
      this.#taken++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        leaves,
        begin: () => {
          this.#taken++;
          this.#waiting.delete(waiter);
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(this.tooLate());
      }, this.patience);
      this.#waiting.add(waiter);
    });
  }

  #isFree(leaves: number): boolean {
    return this.#taken < Math.max(1, this.count - leaves);
  }

  /** Who leaves the least, of these the one that came first. */
  #next(): Waiter | undefined {
    return [...this.#waiting]
      .filter(({ leaves }) => this.#isFree(leaves))
      .sort((one, other) => one.leaves - other.leaves)[0];
  }
}
