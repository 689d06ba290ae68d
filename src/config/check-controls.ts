import type { Draft, PathPattern } from './draft.js';

/** Texts that mostly are filled in, and of which each character counts. Headers have a rule of their own. */
const TEXTS: readonly PathPattern[] = [
  ['admin', 'token'],
  ['store', 'url'],
  ['sources', '*', 'secrets', '*'],
  ['destinations', '*', 'url'],
  ['destinations', '*', 'secret'],
  ['destinations', '*', 'standardSecret'],
];

/**
 * A file of two lines, or a tab that was pasted: such a secret would sign, and nobody else has it; a URL would be taken
 * without them. What is around a text is told of as white space.
 */
export function checkControls(draft: Draft): void {
  for (const path of TEXTS.flatMap((pattern) => draft.expand(pattern))) {
    if (!/\p{Cc}/u.test(draft.text(path)?.trim() ?? '')) continue;
    const remedy = draft.remedy(path, 'write it on one line');
    draft.fault(path, `has a line break, a tab or another control character in it: ${remedy}`);
  }
}
