import type { Seen, SeenField } from '../store/rows.js';

export interface Drift {
  readonly path: string;
  readonly kind: 'new' | 'vanished';
  /** When a new field came first, or a vanished one last. */
  readonly at: number;
  /** How many results had it. */
  readonly count: number;
}

/** So many results must have come without a new field before, or with one that vanished: fewer tell nothing. */
const ENOUGH_RESULTS = 10;
/** A field that is often left out has to be away for so many of its usual intervals. */
const USUAL_INTERVALS = 5;

/**
 * What has changed in the structure of an extraction's results. A field is new where it came first within the window,
 * and the extraction had then been seen for a window without it. A field has vanished where it used to come, and the
 * extraction has gone on for a window, and for five times the field's usual interval, without it. Of fields within one
 * another only the outermost is told. Sorted by path.
 *
 * @param seen the fields of one extraction
 * @param total all results of that extraction
 * @param window milliseconds: what is younger is new, and what has been away for longer has vanished
 */
export function driftOf(
  seen: readonly SeenField[],
  total: Seen,
  now: number,
  window: number,
): readonly Drift[] {
  const isNew = (field: SeenField): boolean =>
    now - field.firstAt < window &&
    field.firstAt - total.firstAt >= window &&
    total.count - field.count >= ENOUGH_RESULTS;
  const hasVanished = (field: SeenField): boolean => {
    // Not against the clock: where nothing comes, no field is missing.
    const away = total.lastAt - field.lastAt;
    const interval = (field.lastAt - field.firstAt) / Math.max(1, field.count - 1);
    return field.count >= ENOUGH_RESULTS && away >= window && away >= USUAL_INTERVALS * interval;
  };
  const added = outermost(seen.filter(isNew)).map(
    ({ path, firstAt: at, count }): Drift => ({ path, kind: 'new', at, count }),
  );
  const gone = outermost(seen.filter(hasVanished)).map(
    ({ path, lastAt: at, count }): Drift => ({ path, kind: 'vanished', at, count }),
  );
  return [...added, ...gone].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function outermost(fields: readonly SeenField[]): readonly SeenField[] {
  const paths = new Set(fields.map((field) => field.path));
  const isWithinAnother = (path: string): boolean => {
    for (let at = path.length - 1; at > 0; at--) {
      if ((path[at] === '.' || path[at] === '[') && paths.has(path.slice(0, at))) return true;
    }
    return false;
  };
  return fields.filter((field) => !isWithinAnother(field.path));
}
