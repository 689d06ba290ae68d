import { distance } from 'fastest-levenshtein';

/** The known word that was probably meant, undefined where none is near. Letter case, `_` and `-` do not count. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, far: distance(plain(word), plain(candidate)) }))
    .filter(
      ({ candidate, far }) =>
        far <= Math.max(1, Math.floor(candidate.length / 3)) || isSwap(word, candidate, far),
    )
    .sort((a, b) => a.far - b.far);
  return best?.candidate;
}

/** What to write instead of a word that is not known. */
export function hintAt(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  if (meant !== undefined) return `did you mean ${JSON.stringify(meant)}?`;
  return known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
}

/** Two letters that changed places: `tow` for `two`. */
function isSwap(word: string, candidate: string, far: number): boolean {
  return far === 2 && sorted(word) === sorted(candidate);
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[_-]/g, '');
const sorted = (word: string): string => [...plain(word)].sort().join('');
