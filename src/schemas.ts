import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchema, type AnySchemaObject, type ErrorObject } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { JsonSchema } from './config/config.js';
import { isRecord } from './config/path.js';
import { messageOf, ShimError } from './errors.js';

/** @returns what is wrong with the value, nothing where it satisfies the schema. Never throws. */
export type SchemaCheck = (value: unknown) => readonly SchemaFault[];

export interface SchemaFault {
  /** JSON pointer to the value at fault, `''` for the whole: `/result/0/extractionId`. */
  readonly path: string;
  /** The keyword of the schema that was missed: `required`, `type`, … */
  readonly keyword: string;
  readonly message: string;
  /** What belongs to the keyword, as ajv gives it: `{ missingProperty: 'fileId' }`. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** The keys that a JSON pointer leads through. */
export const stepsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The one that is supported. */
export const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

const NO_FAULTS: readonly SchemaFault[] = Object.freeze([]);
/** Values with more nodes than this are told their first fault alone, see `compileSchema`. */
const NODES_FOR_ALL_FAULTS = 20_000;
const LONGEST_TEXT = 500;

/** @param name a file in `schemas/`. */
export function readSchema(name: string): JsonSchema {
  const schema: unknown = JSON.parse(readFileSync(new URL(`../schemas/${name}`, import.meta.url), 'utf8'));
  if (!isSchema(schema)) throw new ShimError('config_invalid', `schemas/${name} is not a JSON Schema`);
  return schema;
}

/**
 * Compiles a JSON Schema (draft 2020-12), once, for many checks.
 *
 * A check stops at the first fault, so that a long list of bad items costs no more than one. Only where it fails, and the
 * value is of moderate size, a second pass collects the faults, of which `limit` are returned (20).
 *
 * @param options.refs schemas with an `$id` that `$ref`s in this one name.
 * @throws {ShimError} `config_invalid`, naming the fault, where the schema cannot be compiled.
 */
export function compileSchema(
  schema: JsonSchema,
  options: { readonly refs?: readonly JsonSchema[]; readonly limit?: number } = {},
): SchemaCheck {
  const { refs = [], limit = 20 } = options;
  const firstFault = compile(schema, refs, false);
  let allFaults: typeof firstFault | undefined;

  return (value) => {
    try {
      if (firstFault(value)) return NO_FAULTS;
      const first = firstFault.errors ?? [];
      if (limit === 1 || !isSmall(value)) return first.slice(0, 1).map(toFault);
      allFaults ??= compile(schema, refs, true);
      allFaults(value);
      return (allFaults.errors ?? first).slice(0, limit).map(toFault);
    } catch (error) {
      // A schema that calls itself overflows the stack on deep values; `const` with an object trips over own keys such as `valueOf`.
      const message = `could not be checked: ${messageOf(error)}`;
      return [{ path: '', keyword: 'unchecked', message, params: {} }];
    }
  };
}

function compile(schema: JsonSchema, refs: readonly JsonSchema[], allErrors: boolean) {
  try {
    for (const each of [...refs, schema]) assertSchema(each);
    // An instance for each schema: ids in one must not meet those of another.
    const ajv = newAjv({ allErrors, validateSchema: false });
    for (const ref of refs) ajv.addSchema(ajvSchema(ref));
    const validate = ajv.compile(ajvSchema(schema));
    if ('$async' in validate) throw new Error('"$async" is not supported');
    return validate;
  } catch (error) {
    if (error instanceof ShimError) throw error;
    const reason = messageOf(error);
    throw new ShimError('config_invalid', `the JSON Schema does not compile: ${reason}`, { cause: error });
  }
}

let metaAjv: Ajv2020 | undefined;

function assertSchema(schema: JsonSchema): void {
  if (typeof schema !== 'object') return;
  const draft = schema.$schema;
  if (draft !== undefined && draft !== DRAFT) {
    throw new Error(`"$schema" is ${JSON.stringify(draft)}, only "${DRAFT}" is supported`);
  }
  // One instance for all: compiling the meta-schemas takes longer than most schemas do.
  metaAjv ??= newAjv({ allErrors: true });
  if (metaAjv.validateSchema(ajvSchema(schema)) === true) return;
  // The first of each place: what follows there are the branches of `anyOf`.
  const faults = new Map<string, string>();
  for (const { instancePath, message } of metaAjv.errors ?? []) {
    if (!faults.has(instancePath)) faults.set(instancePath, `${instancePath || '/'} ${message}`);
  }
  throw new Error([...faults.values()].slice(0, 3).join('; '));
}

function newAjv(options: { readonly allErrors: boolean; readonly validateSchema?: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    ...options,
    // Keys such as `constructor` count only where the value has them itself.
    ownProperties: true,
    // Unknown keywords are mistakes; missing types, open tuples and required keys without a schema are not.
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    logger: false,
  });
  ajvFormats.default(ajv);
  return ajv;
}

/** ajv's own type wants mutable objects; it does not change them. */
function ajvSchema(schema: JsonSchema): AnySchema {
  return typeof schema === 'boolean' ? schema : (schema as AnySchemaObject);
}

export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'boolean' || isRecord(value);

function toFault(error: ErrorObject): SchemaFault {
  return {
    path: shorten(error.instancePath),
    keyword: error.keyword,
    message: shorten(error.message ?? error.keyword),
    params: error.params,
  };
}

/** Keys come from the sender and can be megabytes long. */
function shorten(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function isSmall(value: unknown): boolean {
  const open: unknown[] = [value];
  let nodes = 0;
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const children = Object.values(next);
    nodes += children.length;
    if (nodes > NODES_FOR_ALL_FAULTS) return false;
    for (const child of children) open.push(child);
  }
  return true;
}
