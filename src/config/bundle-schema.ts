import { fileURLToPath } from 'node:url';
import { DRAFT, isSchema } from '../schemas.js';
import type { JsonSchema } from './config.js';
import { isRecord } from './path.js';
import type { ReadText } from './read-text.js';
import { readYaml } from './yaml-text.js';

export interface Bundle {
  readonly schema: JsonSchema;
  readonly problems: readonly string[];
}

/**
 * Makes a schema whose `$ref`s name files self-contained: each file, and those that it names, is embedded under `$defs`
 * with its URL for an `$id`, so that the references hold as they are written. A file's own `$id` gives way to that.
 *
 * @param base the URL that relative references start from
 */
export function bundleSchema(schema: JsonSchema, base: URL, read: (path: string) => ReadText): Bundle {
  const embedded = new Map<string, JsonSchema>();
  const problems: string[] = [];

  const embed = (from: JsonSchema, at: URL): void => {
    for (const ref of fileRefs(from)) {
      const url = URL.canParse(ref, at.href) ? new URL(ref, at) : undefined;
      if (url?.protocol !== 'file:') continue;
      url.hash = '';
      if (url.href === base.href || embedded.has(url.href)) continue;
      const file = readSchemaFile(url, read);
      embedded.set(url.href, 'schema' in file ? file.schema : true);
      if ('problem' in file) problems.push(`$ref ${JSON.stringify(ref)}: ${file.problem}`);
      else embed(file.schema, url);
    }
  };
  embed(schema, base);
  if (embedded.size === 0 || typeof schema === 'boolean') return { schema, problems };

  const files = [...embedded].map(([url, each]) => [
    url,
    typeof each === 'boolean' ? { $id: url, allOf: [each] } : { ...each, $id: url },
  ]);
  const $defs = { ...(isRecord(schema.$defs) ? schema.$defs : {}), ...Object.fromEntries(files) };
  return { schema: { ...schema, $id: base.href, $defs }, problems };
}

/** Reads a JSON Schema, JSON or YAML. */
export function readSchemaFile(
  url: URL,
  read: (path: string) => ReadText,
): { readonly schema: JsonSchema } | { readonly problem: string } {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    return { problem: 'names no file of this machine' };
  }
  const file = read(path);
  if ('problem' in file) return { problem: `the file ${path} ${file.problem}` };
  const { value, faults } = readYaml(file.text);
  const [fault] = faults;
  if (fault !== undefined) return { problem: `${path}:${fault.line}:${fault.column} ${fault.message}` };
  if (!isSchema(value)) return { problem: `the file ${path} holds no JSON Schema` };
  if (isRecord(value) && (value.$schema ?? DRAFT) !== DRAFT) {
    return { problem: `the file ${path} has another "$schema" than ${DRAFT}, which alone is supported` };
  }
  return { schema: value };
}

/** Under these, keys are names and values are schemas. */
const NAMED: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'properties',
  'patternProperties',
  'dependentSchemas',
]);
/** Under these is data. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples']);

/** The `$ref`s of a schema that name another document. */
function fileRefs(schema: unknown): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(fileRefs);
  if (!isRecord(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === '$ref' && typeof value === 'string') return value.startsWith('#') ? [] : [value];
    if (DATA.has(key)) return [];
    return NAMED.has(key) && isRecord(value) ? Object.values(value).flatMap(fileRefs) : fileRefs(value);
  });
}
