/**
 * Characters of bodies that are made and sent before what else the thread has to do: senders wait for it to store theirs.
 * One of 8 MB takes it 20 to 150 ms; five destinations that had just claimed some held up all answers for 4.5 s.
 */
const MOST = 1024 * 1024;

/** What all destinations make and send in one turn of the event loop. */
export interface Turns {
  /** Whether another body has to wait for the next one. */
  spent(): boolean;
  add(size: number): void;
  /** Calls it in one of the next turns, those of other destinations before it. Once, however often it is asked for. */
  next(resume: () => void): void;
}

export function createTurns(most = MOST): Turns {
  const waiting = new Set<() => void>();
  let made = 0;
  let scheduled = false;

  const begin = (): void => {
    scheduled = false;
    made = 0;
    for (const resume of [...waiting]) {
      if (made >= most) return;
      waiting.delete(resume);
      resume();
    }
  };

  return {
    spent: () => made >= most,
    add: (size) => {
      made += size;
      // Small ones do not reach it in one turn: there is nothing to be done for each of them.
      if (made < most || scheduled) return;
      scheduled = true;
      setImmediate(begin);
    },
    next: (resume) => waiting.add(resume),
  };
}
