/** Resolves when it is one's turn. */
export type Turns = () => Promise<void>;

/**
 * Lets those who wait go on one by one, in their order, each in a turn of the event loop of its own. What hundreds of
 * strangers ask for at one moment is else done in one turn, for many seconds of which nobody else is heard.
 */
export function createTurns(): Turns {
  let last = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
