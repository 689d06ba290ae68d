/**
 * What all destinations may have under way at one time, in characters of bodies. They are outside the heap, where nothing
 * else bounds them: with five destinations and 64 at once, bodies of 8 MB took 2.3 GB.
 */
const MOST = 256 * 1024 * 1024;
/**
 * What each may have whatever the others do, beside the one body that goes beyond it: no destination waits for another
 * one, and one whose concurrency allows no more than this is never held up.
 */
const OWN = 16 * 1024 * 1024;

/** What one destination has under way. */
export interface Load {
  /** Whether another body has to wait. Never so where it has nothing under way. */
  full(): boolean;
  add(size: number): void;
  remove(size: number): void;
}

/** @returns makes the load of a destination, one of those that share the bound: alike, so far as each needs it */
export function createLoads(most = MOST, own = OWN): () => Load {
  let all = 0;
  /** Those that have more than is theirs in any case. */
  let sharing = 0;
  return () => {
    let mine = 0;
    const add = (size: number): void => {
      const before = mine;
      mine += size;
      all += size;
      sharing += Number(mine >= own) - Number(before >= own);
    };
    return {
      full: () => mine >= own && (all >= most || mine * sharing >= most),
      add,
      remove: (size) => add(-size),
    };
  };
}
