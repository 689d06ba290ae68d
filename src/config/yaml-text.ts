import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLError,
} from 'yaml';
import { messageOf } from '../errors.js';
import type { Path } from './path.js';

const DEEPEST = 100;
const MOST_ALIASES = 100;
/** Mistakes after which the rest of the file still reads as it was meant. */
const CONTAINED: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'NON_STRING_KEY', 'TAG_RESOLVE_FAILED']);

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

interface YamlFault extends Position {
  readonly message: string;
}

export interface YamlText {
  /** Plain data, not deeper than 100; undefined where the text cannot be read as it was meant. */
  readonly value: unknown;
  readonly faults: readonly YamlFault[];
  /** Where a value, or the key that it belongs to, stands; where there is none, the nearest thing around it. */
  readonly positionOf: (path: Path, what: 'key' | 'value') => Position;
}

/** Reads YAML 1.2, and so JSON, with positions. Never throws, whatever the text. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const failed = (offset: number, message: string): YamlText => ({
    value: undefined,
    faults: [{ ...at(offset), message }],
    positionOf: () => at(offset),
  });

  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  // The composer recurses, and close to the end of the stack even a regular expression can end the process.
  const tooDeep = offsetDeeperThan(DEEPEST, tokens);
  if (tooDeep !== undefined) return failed(tooDeep, `is nested deeper than ${DEEPEST} levels`);
  const composer = new Composer({
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    merge: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  if (document === undefined) return failed(0, 'is empty');
  if (second !== undefined) return failed(second.range[0], 'holds a second document, only one is allowed');

  const errors = [...document.errors, ...document.warnings];
  const faults = withoutEchoes(errors, (error) => at(error.pos[0]).line).map((error) => ({
    ...at(error.pos[0]),
    message: explain(error, text),
  }));
  const positionOf = (path: Path, what: 'key' | 'value') => at(offsetOf(document, path, what));
  if (errors.some((error) => !CONTAINED.has(error.code))) return { value: undefined, faults, positionOf };
  const dangling = danglingAlias(document);
  if (dangling !== undefined)
    return failed(dangling, 'is an alias without its anchor: put text that starts with "*" in quotes');
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    if (value === null) return failed(0, 'is empty');
    if (isDeeperThan(DEEPEST, value))
      return failed(0, 'has an alias that contains itself, or nests too deep');
    return { value, faults, positionOf };
  } catch (error) {
    return failed(0, `cannot be read: ${messageOf(error)}`);
  }
}

function danglingAlias(document: Document.Parsed): number | undefined {
  let found: number | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      found = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

/** After a break of the syntax, what follows on the same line is mostly the same mistake. */
function withoutEchoes(
  errors: readonly YAMLError[],
  lineOf: (error: YAMLError) => number,
): readonly YAMLError[] {
  const broken = new Set<number>();
  return [...errors]
    .sort((a, b) => a.pos[0] - b.pos[0])
    .filter((error) => {
      const line = lineOf(error);
      if (broken.has(line)) return false;
      if (!CONTAINED.has(error.code)) broken.add(line);
      return true;
    });
}

/** Without the text at fault, which the library quotes here and there: it may be a secret. */
function explain(error: YAMLError, text: string): string {
  const [from] = error.pos;
  if (text.slice(Math.max(from - 1, 0), from + 1) === '${') return `put quotes around it: "\${NAME}"`;
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return 'this key stands here a second time, each is allowed once';
    case 'TAG_RESOLVE_FAILED':
      return 'is an unknown tag: put text that starts with "!" in quotes';
    case 'BAD_DIRECTIVE':
      return 'is an unknown directive: put text that starts with "%" in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'is no escape sequence: write "\\\\" for a backslash, or use single quotes';
    default:
      return `is not YAML: ${error.message.replace(/: .*/s, '')}`;
  }
}

/** A token of the concrete syntax; its parts are what the library names so. */
interface Token {
  readonly offset?: number;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

function offsetDeeperThan(limit: number, tokens: readonly unknown[]): number | undefined {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (!isToken(token)) continue;
    // A document, its content and each collection are a level each.
    if (depth > limit + 1) return token.offset ?? 0;
    const parts = [token.value, ...(token.items ?? []).flatMap((item) => [item.key, item.value])];
    for (const part of parts) open.push({ token: part, depth: depth + 1 });
  }
  return undefined;
}

function isToken(value: unknown): value is Token {
  return typeof value === 'object' && value !== null;
}

function isDeeperThan(limit: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((child) => isDeeperThan(limit - 1, child));
}

function offsetOf(document: Document.Parsed, path: Path, what: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const entry = entryOf(isAlias(node) ? (node.resolve(document) ?? null) : node, step);
    if (entry === undefined) return offset;
    const useKey = (what === 'key' && index === path.length - 1) || isNothing(entry.value);
    const place = useKey ? entry.key : entry.value;
    offset = place?.range?.[0] ?? offset;
    node = entry.value;
  }
  return offset;
}

/** @returns the entry of a map or list, which has itself for a key in a list; undefined where there is none. */
function entryOf(
  node: Node | null,
  step: string | number,
): { readonly key: Node | null; readonly value: Node | null } | undefined {
  if (isSeq<Node>(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined;
    return item && { key: item, value: item };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
}

/** `key:` with nothing behind it: the place to look at is the key. */
function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '');
}
