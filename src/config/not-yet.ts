import type { Draft, PathPattern } from './draft.js';

/** What the interface describes and this release does not build. An entry goes when its feature comes. */
const NOT_YET: readonly {
  readonly path: PathPattern;
  /** What may be said all the same, since it changes nothing. */
  readonly inert?: RegExp;
  readonly instead: string;
}[] = [{ path: ['store', 'url'], inert: /^(?!postgres)/, instead: 'use sqlite:data/shim.db' }];

/** Refuses what would have to be ignored otherwise. */
export function checkNotYet(draft: Draft): void {
  for (const { path: pattern, inert, instead } of NOT_YET) {
    for (const path of draft.expand(pattern)) {
      const value = draft.get(path);
      if (value === null || inert?.test(String(value))) continue;
      draft.fault(path, `is not supported yet; ${instead}`);
    }
  }
}
