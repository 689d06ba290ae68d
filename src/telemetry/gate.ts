/** @returns null where this one is held back, else how many were held back since the last that passed. */
type Pass = () => number | null;

/** Lets `limit` through in each `window` milliseconds; what strangers cause must not fill the log. */
export function createGate(limit: number, window: number, now: () => number): Pass {
  let since = Number.NEGATIVE_INFINITY;
  let passed = 0;
  let heldBack = 0;
  return () => {
    // Also where the clock was set back: nothing would pass until it is there again.
    if (Math.abs(now() - since) >= window) {
      since = now();
      passed = 0;
    }
    if (passed >= limit) {
      heldBack++;
      return null;
    }
    passed++;
    const count = heldBack;
    heldBack = 0;
    return count;
  };
}
