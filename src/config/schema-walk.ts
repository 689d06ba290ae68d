import { isRecord, type Path } from './path.js';

/** Part of a JSON Schema, as `schemas/config.schema.json` uses it: without `$ref`, so that it is walked with the value. */
export type SchemaNode = Readonly<Record<string, unknown>>;

/** @returns the schema of a key or of an entry; undefined for an unknown key. */
export function schemaOf(node: SchemaNode | undefined, step: string | number): SchemaNode | undefined {
  if (node === undefined) return undefined;
  const { properties, additionalProperties, items } = node;
  if (typeof step === 'number') return isRecord(items) ? items : undefined;
  const own =
    isRecord(properties) && Object.hasOwn(properties, step) ? properties[step] : additionalProperties;
  return isRecord(own) ? own : undefined;
}

export function schemaAt(root: SchemaNode, path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>(schemaOf, root);
}

export function typesOf(node: SchemaNode | undefined): readonly string[] {
  const type = node?.type;
  return typeof type === 'string' ? [type] : Array.isArray(type) ? type.map(String) : [];
}

export const propertiesOf = (node: SchemaNode | undefined): SchemaNode =>
  isRecord(node?.properties) ? node.properties : {};

/** @returns the value with what it lacks, as the schema's `default`s say. */
export function withDefaults(value: unknown, node: SchemaNode | undefined): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withDefaults(item, schemaOf(node, index)));
  if (!isRecord(value)) return value;
  const missing = Object.entries(propertiesOf(node)).flatMap(([key, property]) =>
    !Object.hasOwn(value, key) && isRecord(property) && property.default !== undefined
      ? [[key, property.default] as const]
      : [],
  );
  return Object.fromEntries(
    [...Object.entries(value), ...missing].map(([key, child]) => [
      key,
      withDefaults(child, schemaOf(node, key)),
    ]),
  );
}
