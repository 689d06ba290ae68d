import type { ConfigFault } from './config-error.js';
import { formatPath, isRecord, isWithin, type Path, valueAt } from './path.js';
import type { Position } from './yaml-text.js';

/** A path with `*` for each key or entry: `['destinations', '*', 'url']`. */
export type PathPattern = Path;

/**
 * A configuration while it is checked. What is at fault once is not looked at again: a later fault of the same value, or
 * of what lies in it, is mostly the same mistake. The readers therefore give nothing for what is missing, of another type
 * or at fault, so that each check runs on what is sound and no mistake hides another one elsewhere.
 */
export class Draft {
  readonly #found: { readonly path: Path; readonly message: string; readonly position: Position }[] = [];

  constructor(
    readonly value: unknown,
    private readonly positionOf: (path: Path, what: 'key' | 'value') => Position,
    /** What a text was filled in from: names of variables and files, by `formatPath`. */
    private readonly origins: ReadonlyMap<string, readonly string[]>,
  ) {}

  fault(path: Path, messages: string | readonly string[], what: 'key' | 'value' = 'value'): void {
    if (this.isAtFault(path)) return;
    const position = this.positionOf(path, what);
    for (const message of [messages].flat()) this.#found.push({ path, message, position });
  }

  isAtFault(path: Path): boolean {
    return this.#found.some((fault) => isWithin(path, fault.path));
  }

  text(path: Path): string | undefined {
    const value = this.get(path);
    return typeof value === 'string' ? value : undefined;
  }

  number(path: Path): number | undefined {
    const value = this.get(path);
    return typeof value === 'number' ? value : undefined;
  }

  get(path: Path): unknown {
    return this.isAtFault(path) ? undefined : valueAt(this.value, path);
  }

  has(path: Path): boolean {
    return valueAt(this.value, path) !== undefined;
  }

  /** The paths of what is there, in the order of the file. */
  expand(pattern: PathPattern): readonly Path[] {
    return pattern
      .reduce<readonly Path[]>(
        (paths, step) => paths.flatMap((path) => (step === '*' ? this.#children(path) : [[...path, step]])),
        [[]],
      )
      .filter((path) => this.has(path));
  }

  /** `set NAME` where a text came from a variable or a file, else what is given. */
  remedy(path: Path, otherwise: string): string {
    const origins = this.origins.get(formatPath(path)) ?? [];
    return origins.length > 0 ? `set ${origins.join(' and ')}` : otherwise;
  }

  faults(file: string): readonly ConfigFault[] {
    return this.#found
      .map(({ path, message, position }) => ({ file, ...position, path: formatPath(path), message }))
      .sort((a, b) => a.line - b.line || a.column - b.column);
  }

  #children(path: Path): readonly Path[] {
    const value = valueAt(this.value, path);
    if (Array.isArray(value)) return value.map((_, index) => [...path, index]);
    return isRecord(value) ? Object.keys(value).map((key) => [...path, key]) : [];
  }
}
