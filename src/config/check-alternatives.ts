import type { Draft } from './draft.js';
import { nearest } from './nearest.js';
import { type Path, valueAt } from './path.js';

/** Each event of a split goes somewhere, in one step. */
export function checkAlternatives(draft: Draft): void {
  const paths = draft.expand(['destinations', '*']);
  const nameOf = (path: Path): unknown => valueAt(draft.value, [...path, 'name']);
  for (const path of paths) {
    checkAlternative(draft, [...path, 'alternative'], {
      own: nameOf(path),
      names: paths.map(nameOf),
      splits: paths.filter((each) => draft.has([...each, 'alternative'])).map(nameOf),
    });
    const share = draft.number([...path, 'share']);
    if (share !== undefined && share < 100 && !draft.has([...path, 'alternative'])) {
      draft.fault(
        [...path, 'share'],
        'is less than 100 and the rest would go nowhere: name an "alternative"',
      );
    }
  }
}

function checkAlternative(
  draft: Draft,
  path: Path,
  {
    own,
    names,
    splits,
  }: { readonly own: unknown; readonly names: readonly unknown[]; readonly splits: readonly unknown[] },
): void {
  const name = draft.text(path);
  if (name === undefined) return;
  if (name === own) draft.fault(path, 'is the destination itself: name another one');
  else if (splits.includes(name)) {
    draft.fault(path, 'has an alternative itself: name one that takes all that it is given');
  } else if (!names.includes(name)) {
    const known = names.filter((each) => typeof each === 'string');
    // A destination that lacks its name may be the one that is meant.
    if (known.length < names.length) return;
    const meant = nearest(name, known);
    const others = known.filter((each) => each !== own);
    const hint =
      meant !== undefined && meant !== own
        ? `did you mean ${JSON.stringify(meant)}?`
        : others.length > 0
          ? `there are ${others.join(', ')}`
          : 'add one of that name';
    draft.fault(path, `is the name of no destination; ${hint}`);
  }
}
