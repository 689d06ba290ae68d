import type { Draft, PathPattern } from './draft.js';
import { hintAt } from './nearest.js';
import { formatPath, type Path, valueAt } from './path.js';

const TAKEN_PATHS: Readonly<Record<string, string>> = { '/healthz': 'the health check' };

/** Names are unique, paths too, and whoever is named exists. */
export function checkNames(draft: Draft): void {
  checkUnique(draft, ['sources', '*', 'name'], (name) => name);
  checkUnique(draft, ['destinations', '*', 'name'], (name) => name);
  // The router takes paths in any letter case.
  checkUnique(draft, ['sources', '*', 'path'], (path) => path.toLowerCase(), TAKEN_PATHS);
  checkUnique(draft, ['sources', '*', 'statuses', '*'], null);
  checkUnique(draft, ['destinations', '*', 'headers', '*'], null);
  for (const source of draft.expand(['sources', '*'])) {
    checkUnique(draft, [...source, 'contracts', '*', 'extractionId'], (id) => id);
  }
  checkSourcesExist(draft);
}

/** @param normal what must be unique of a value; null: it is the key in lower case, within its map. */
function checkUnique(
  draft: Draft,
  pattern: PathPattern,
  normal: ((text: string) => string) | null,
  taken: Readonly<Record<string, string>> = {},
): void {
  const owners = new Map<string, string>(Object.entries(taken));
  for (const path of draft.expand(pattern)) {
    const text = normal === null ? undefined : draft.text(path);
    const key = normal === null ? keyOf(path) : text === undefined ? undefined : normal(text);
    if (key === undefined) continue;
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, formatPath(path));
    else draft.fault(path, `is taken by ${owner}; each must be unique`, normal === null ? 'key' : 'value');
  }
}

function keyOf(path: Path): string {
  return JSON.stringify([...path.slice(0, -1), String(path.at(-1)).toLowerCase()]);
}

function checkSourcesExist(draft: Draft): void {
  const names = draft.expand(['sources', '*']).map((path) => valueAt(draft.value, [...path, 'name']));
  const known = names.filter((name) => typeof name === 'string');
  // A source that lacks its name may be the one that is meant.
  if (known.length === 0 || known.length < names.length) return;
  for (const path of draft.expand(['destinations', '*', 'sources', '*'])) {
    const name = draft.text(path);
    if (name === undefined || known.includes(name)) continue;
    draft.fault(path, `is the name of no source; ${hintAt(name, known)}`);
  }
}
