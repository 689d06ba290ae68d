import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../errors.js';
import { compileSchema } from '../schemas.js';
import { bundleSchema, readSchemaFile } from './bundle-schema.js';
import type { JsonSchema } from './config.js';
import type { Draft } from './draft.js';
import { formatPath } from './path.js';
import type { ReadText } from './read-text.js';

/**
 * Reads and compiles each contract's schema, so that a mistake in it stops the start and not a webhook.
 *
 * @param base the URL of the configuration file
 * @returns them self-contained, by `formatPath`
 */
export function checkContracts(
  draft: Draft,
  base: URL,
  read: (path: string) => ReadText,
): ReadonlyMap<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>();
  const folder = dirname(fileURLToPath(base));
  for (const path of draft.expand(['sources', '*', 'contracts', '*', 'schema'])) {
    const name = draft.text(path);
    if (name === undefined) continue;
    const url = pathToFileURL(resolve(folder, name));
    const file = readSchemaFile(url, read);
    if ('problem' in file) {
      draft.fault(path, file.problem);
      continue;
    }
    const { schema, problems } = bundleSchema(file.schema, url, read);
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
