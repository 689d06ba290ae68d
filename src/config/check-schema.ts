import { compileSchema, readSchema, type SchemaCheck, type SchemaFault, stepsOf } from '../schemas.js';
import type { Draft } from './draft.js';
import { nearest } from './nearest.js';
import { type Path, valueAt } from './path.js';
import { propertiesOf, type SchemaNode, schemaAt, typesOf } from './schema-walk.js';

const MOST_FAULTS = 1000;
let compiled: { readonly schema: SchemaNode; readonly check: SchemaCheck } | undefined;

/** The schema of the configuration, which also declares each default. */
export function configSchema(): SchemaNode {
  return compile().schema;
}

/** Checks names, types, words and bounds: all that `schemas/config.schema.json` says. */
export function checkSchema(draft: Draft): void {
  const { schema, check } = compile();
  const faults = check(draft.value).map((fault) => ({ ...fault, at: pathOf(fault, draft.value) }));
  const misspelt = new Set<string>();
  for (const { keyword, params, at } of faults) {
    if (keyword !== 'additionalProperties') continue;
    const key = String(params.additionalProperty);
    const known = Object.keys(propertiesOf(schemaAt(schema, at)));
    const meant = nearest(key, known);
    if (meant !== undefined) misspelt.add(JSON.stringify([...at, meant]));
    const hint =
      meant === undefined ? `known here are ${known.join(', ')}` : `did you mean ${JSON.stringify(meant)}?`;
    draft.fault([...at, key], `is not a known key; ${hint}`, 'key');
  }
  for (const fault of faults) {
    if (fault.keyword === 'additionalProperties') continue;
    const path =
      fault.keyword === 'required' ? [...fault.at, String(fault.params.missingProperty)] : fault.at;
    // What a misspelt key means is not missing too.
    if (fault.keyword === 'required' && misspelt.has(JSON.stringify(path))) continue;
    draft.fault(path, describe(fault, path, schemaAt(schema, path), draft));
  }
}

function compile(): { readonly schema: SchemaNode; readonly check: SchemaCheck } {
  if (compiled === undefined) {
    const schema = readSchema('config.schema.json');
    compiled = {
      schema: typeof schema === 'object' ? schema : {},
      check: compileSchema(schema, { limit: MOST_FAULTS }),
    };
  }
  return compiled;
}

function describe(fault: SchemaFault, path: Path, node: SchemaNode | undefined, draft: Draft): string {
  const value = valueAt(draft.value, path);
  const types = typesOf(node);
  if (fault.keyword === 'required') return `is missing${exampleOf(node)}`;
  if (value === null) return 'is empty: give it a value, or remove the key';
  if (value === '') return `is empty: ${draft.remedy(path, `give it a value${exampleOf(node)}`)}`;
  const title = node?.title;
  if (typeof title === 'string' && types.includes('string')) return `is no ${title}${exampleOf(node)}`;
  switch (fault.keyword) {
    case 'type':
      return `must be ${types.map((type) => KINDS[type] ?? type).join(' or ')}, is ${kindOf(value)}`;
    case 'enum':
      return describeWords(value, Array.isArray(node?.enum) ? node.enum.map(String) : []);
    case 'minimum':
    case 'maximum':
      return `must be from ${node?.minimum} to ${node?.maximum}`;
    case 'minItems':
      return `needs at least one entry${exampleOf(node)}`;
    default:
      return fault.message;
  }
}

function describeWords(value: unknown, words: readonly string[]): string {
  const meant = typeof value === 'string' ? nearest(value, words) : undefined;
  const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
  return `must be one of ${words.join(', ')}${hint}`;
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a map of keys',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'true or false (put it in quotes if it is text)';
  return 'a number (put it in quotes if it is text)';
}

function exampleOf(node: SchemaNode | undefined): string {
  const examples = Array.isArray(node?.examples) ? node.examples : [];
  return examples.length === 0
    ? ''
    : `; write for example ${examples.map((each) => JSON.stringify(each)).join(' or ')}`;
}

/** `/destinations/0/url` as the value has it: an index where there is a list. */
function pathOf({ path }: SchemaFault, root: unknown): Path {
  const found: (string | number)[] = [];
  for (const step of stepsOf(path)) {
    found.push(Array.isArray(valueAt(root, found)) ? Number(step) : step);
  }
  return found;
}
