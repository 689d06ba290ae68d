import { messageOf } from '../errors.js';
import { compileSchema } from '../schemas.js';
import { bundleSchema } from './bundle-schema.js';
import type { JsonSchema } from './config.js';
import type { Draft } from './draft.js';
import { formatPath, isRecord } from './path.js';
import type { ReadText } from './read-text.js';

/**
 * Compiles each `when`, so that a mistake in it stops the start and not an event.
 *
 * @returns them self-contained, by `formatPath`
 */
export function checkWhen(
  draft: Draft,
  base: URL,
  read: (path: string) => ReadText,
): ReadonlyMap<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>();
  for (const path of draft.expand(['destinations', '*', 'when'])) {
    const when = draft.get(path);
    if (typeof when !== 'boolean' && !isRecord(when)) continue;
    const { schema, problems } = bundleSchema(when, base, read);
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
