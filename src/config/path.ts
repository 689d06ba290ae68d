/** Where a value stands in the configuration: keys and indices, outermost first. */
export type Path = readonly (string | number)[];

/** `['destinations', 0, 'retry']` as `destinations[0].retry`. */
export function formatPath(path: Path): string {
  return path.map((step, index) => formatStep(step, index === 0)).join('');
}

function formatStep(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
  return first ? step : `.${step}`;
}

/** @returns the value there, undefined where there is none. Only own keys count. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** Whether `path` is `above` or lies below it. */
export function isWithin(path: Path, above: Path): boolean {
  return path.length >= above.length && above.every((step, index) => path[index] === step);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
