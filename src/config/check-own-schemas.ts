import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../errors.js';
import { compileSchema, isSchema } from '../schemas.js';
import { bundleSchema, readSchemaFile } from './bundle-schema.js';
import type { JsonSchema } from './config.js';
import type { Draft, PathPattern } from './draft.js';
import { formatPath, type Path } from './path.js';
import type { ReadText } from './read-text.js';

/** The schemas that users write, by the `formatPath` of where they are named: self-contained, and known to compile. */
type OwnSchemas = ReadonlyMap<string, JsonSchema>;

type Read = (path: string) => ReadText;

/** Where a schema stands, and the URL that its references start from. */
interface Found {
  readonly schema: JsonSchema;
  readonly base: URL;
}

/** Compiles each `when`, so that a mistake in it stops the start and not an event. @param base of the configuration file */
export function checkWhen(draft: Draft, base: URL, read: Read): OwnSchemas {
  return compileEach(draft, ['destinations', '*', 'when'], read, (path) => {
    const when = draft.get(path);
    return isSchema(when) ? { schema: when, base } : undefined;
  });
}

/** The same for the file of each contract's schema, where it would stop a webhook. */
export function checkContracts(draft: Draft, base: URL, read: Read): OwnSchemas {
  const folder = dirname(fileURLToPath(base));
  return compileEach(draft, ['sources', '*', 'contracts', '*', 'schema'], read, (path) => {
    const name = draft.text(path);
    if (name === undefined) return undefined;
    const url = pathToFileURL(resolve(folder, name));
    const file = readSchemaFile(url, read);
    if ('schema' in file) return { schema: file.schema, base: url };
    draft.fault(path, file.problem);
    return undefined;
  });
}

function compileEach(
  draft: Draft,
  pattern: PathPattern,
  read: Read,
  find: (path: Path) => Found | undefined,
): OwnSchemas {
  const schemas = new Map<string, JsonSchema>();
  for (const path of draft.expand(pattern)) {
    const found = find(path);
    if (found === undefined) continue;
    const { schema, problems } = bundleSchema(found.schema, found.base, read);
    if (problems.length > 0) {
      draft.fault(path, problems);
      continue;
    }
    try {
      compileSchema(schema);
      schemas.set(formatPath(path), schema);
    } catch (error) {
      draft.fault(path, messageOf(error));
    }
  }
  return schemas;
}
