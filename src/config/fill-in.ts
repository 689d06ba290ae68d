import { type Interpolated, interpolate, type Surroundings } from './interpolate.js';
import { formatPath, isRecord, type Path } from './path.js';
import { type SchemaNode, schemaOf, typesOf } from './schema-walk.js';

export interface Filled {
  readonly value: unknown;
  /** What each text was filled in from, by `formatPath`. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly { readonly path: Path; readonly messages: readonly string[] }[];
}

/** Fills in every text of a parsed file, never its keys; a text that stands for a number or a boolean becomes one. */
export function fillIn(root: unknown, schema: SchemaNode, surroundings: Surroundings): Filled {
  const origins = new Map<string, readonly string[]>();
  const problems: { path: Path; messages: readonly string[] }[] = [];

  const fill = (value: unknown, node: SchemaNode | undefined, path: Path): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('${')) return value;
      const filled = interpolate(value, surroundings);
      origins.set(formatPath(path), filled.origins);
      if (filled.problems.length > 0) problems.push({ path, messages: [...new Set(filled.problems)] });
      return filled.origins.length > 0 ? typed(filled, typesOf(node)) : filled.text;
    }
    if (Array.isArray(value)) return value.map((item, i) => fill(item, schemaOf(node, i), [...path, i]));
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, fill(child, schemaOf(node, key), [...path, key])]),
    );
  };
  return { value: fill(root, schema, []), origins, problems };
}

/** Variables are text: `port: "${PORT}"` means a number all the same. */
function typed({ text }: Interpolated, types: readonly string[]): unknown {
  if (types.includes('string')) return text;
  const isNumber = types.includes('integer') || types.includes('number');
  if (isNumber && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
