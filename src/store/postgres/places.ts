/** Who waits for a statement: a sender, whoever asks whether one could be served, or what goes on behind the answers. */
export type WaitedForBy = 'sender' | 'check' | 'work';

/** Connections that each leaves to those before it, together with those after it. */
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
  readonly #taken = new Map<number, number>();
  readonly #waiting = new Set<Waiter>();

  /** @param patience milliseconds that a place is waited for @param tooLate what is thrown after that */
  constructor(
    private readonly count: number,
    private readonly patience: number,
    private readonly tooLate: () => Error,
  ) {}

  async with<T>(by: WaitedForBy, run: () => Promise<T>): Promise<T> {
    const leaves = LEAVES[by];
    await this.#take(leaves);
    try {
      return await run();
    } finally {
      this.#count(leaves, -1);
      this.#next()?.begin();
    }
  }

  async #take(leaves: number): Promise<void> {
    if (this.#isFree(leaves)) {
      this.#count(leaves, 1);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        leaves,
        begin: () => {
          this.#count(leaves, 1);
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

  #count(leaves: number, change: 1 | -1): void {
    this.#taken.set(leaves, (this.#taken.get(leaves) ?? 0) + change);
  }

  /** What those before it have taken is not held against it: a sender that is always there would hold up all work. */
  #isFree(leaves: number): boolean {
    let all = 0;
    let behind = 0;
    for (const [each, count] of this.#taken) {
      all += count;
      if (each >= leaves) behind += count;
    }
    return all < this.count && behind < Math.max(1, this.count - leaves);
  }

  /** Who leaves the least, of these the one that came first. */
  #next(): Waiter | undefined {
    return [...this.#waiting]
      .filter(({ leaves }) => this.#isFree(leaves))
      .sort((one, other) => one.leaves - other.leaves)[0];
  }
}
