import type { QuarantineReason } from '../model.js';
import { compact, escapeLoneSurrogates, itemsOf, membersOf } from './json-text.js';

/** Status words, in lower case, and the event each stands for (protocol section 3, step 4). */
export const DEFAULT_STATUSES: Readonly<Record<string, string>> = Object.freeze({
  processed: 'extraction.processed',
  completed: 'extraction.processed',
  done: 'extraction.processed',
  failed: 'extraction.failed',
  error: 'extraction.failed',
});

/** One event of a legacy webhook. */
export interface LegacyEvent {
  readonly event: string;
  /** The JSON text of its files, an array. */
  readonly resultText: string;
  /** What that text says. */
  readonly result: unknown;
  /** Whether that is the webhook's own text, to the byte. */
  readonly carried: boolean;
  /** Where each file stands in the webhook's list; null: as they do here. */
  readonly places: readonly number[] | null;
}

/** Why there are no events. */
export interface Unconvertible {
  readonly ok: false;
  readonly reason: QuarantineReason;
  readonly errors: readonly string[];
}

export type LegacyReading = { readonly ok: true; readonly events: readonly LegacyEvent[] } | Unconvertible;

/** Of a list of any length: more tell no more. */
const FAULTS_SHOWN = 20;
const NONE_INFERRED: ReadonlyMap<number, string> = new Map();

/**
 * In one webhook, of either format. A list of 400,000 fits into 10 MB, and takes more memory to store than the service
 * may use: it would end, and again after each start.
 */
const MAX_FILES = 100_000;

/** Says so where files are too many to be converted; null where they are not. */
export const tooManyFiles = (count: number): string | null =>
  count > MAX_FILES ? `result has ${count} files, of which at most ${MAX_FILES} can be converted` : null;

type JsonObject = { readonly [key: string]: unknown };

export const refuse = (reason: QuarantineReason, ...errors: readonly string[]): Unconvertible => ({
  ok: false,
  reason,
  errors,
});

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Turns the text of a legacy result into events (protocol section 3, steps 1 to 5). Never throws.
 *
 * @param resultText not nested deeper than `MAX_DEPTH`
 * @param statuses lower-case status word to event
 * @param inferred the events of files for which more is known than their status, by their place in the list
 */
export function readLegacy(
  resultText: string,
  statuses: Readonly<Record<string, string>>,
  inferred: ReadonlyMap<number, string> = NONE_INFERRED,
): LegacyReading {
  let result: unknown;
  try {
    result = JSON.parse(resultText);
  } catch (error) {
    return refuse('result_not_json', `result is not JSON: ${(error as Error).message}`);
  }
  const list = listOf(result);
  if (list === null)
    return refuse('unrecognized_shape', `result is ${describe(result)}, not a list of files`);
  if (list.files.length === 0) return refuse('no_files', 'result has no files');
  const tooMany = tooManyFiles(list.files.length);
  if (tooMany !== null) return refuse('internal_error', tooMany);
  const odd = list.files.findIndex((file) => !isObject(file));
  if (odd !== -1) {
    return refuse('unrecognized_shape', `file ${odd + 1} is ${describe(list.files[odd])}, not an object`);
  }
  const eventAt = (status: unknown, place: number): string | undefined =>
    inferred.get(place) ?? eventOf(status, statuses);
  return convertFiles(list.files as readonly JsonObject[], list.shape, resultText, eventAt);
}

/** The text of each file of a legacy result, whatever its shape and whatever becomes of it. */
export function legacyFiles(resultText: string): readonly string[] {
  const list = listOf(JSON.parse(resultText));
  return list === null ? [] : fileTexts(list.shape, resultText);
}

/** The three shapes of protocol section 3, step 2. */
type Shape = 'array' | 'batch' | 'file';

function listOf(result: unknown): { readonly shape: Shape; readonly files: readonly unknown[] } | null {
  if (Array.isArray(result)) return { shape: 'array', files: result };
  if (!isObject(result)) return null;
  if (Array.isArray(own(result, 'files')))
    return { shape: 'batch', files: own(result, 'files') as unknown[] };
  return typeof own(result, 'status') === 'string' ? { shape: 'file', files: [result] } : null;
}

/** A member of the object itself: keys such as `__proto__` and `constructor` are data. */
const own = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

function convertFiles(
  values: readonly JsonObject[],
  shape: Shape,
  resultText: string,
  eventAt: (status: unknown, place: number) => string | undefined,
): LegacyReading {
  const events: string[] = [];
  const unknown: string[] = [];
  for (const [index, value] of values.entries()) {
    const event = eventAt(own(value, 'status'), index);
    if (event !== undefined) events.push(event);
    else if (unknown.length < FAULTS_SHOWN) unknown.push(statusFault(index, value));
  }
  if (unknown.length > 0) return refuse('unknown_status', ...unknown);

  const untouched =
    shape === 'array' &&
    values.every((value, index) => events[index] === events[0] && !needsChange(value, events[index] ?? ''));
  if (untouched) {
    return {
      ok: true,
      events: [{ event: events[0] ?? '', resultText, result: values, carried: true, places: null }],
    };
  }
  return { ok: true, events: groupByEvent(fileTexts(shape, resultText), events) };
}

/** The text of each file, with the batch's ids put first into each that lacks them. */
function fileTexts(shape: Shape, resultText: string): readonly string[] {
  if (shape === 'array') return itemsOf(resultText);
  if (shape === 'file') return [resultText];
  const batch = new Map(membersOf(resultText).map((member) => [member.key, member.value]));
  return itemsOf(batch.get('files') ?? '[]').map((text) => {
    const keys = new Set(membersOf(text).map((member) => member.key));
    const lifted = ['extractionId', 'batchId']
      .filter((key) => batch.has(key) && !keys.has(key))
      .map((key) => `"${key}":${batch.get(key)}`);
    if (lifted.length === 0) return text;
    return `{${[...lifted, ...(keys.size > 0 ? [text.slice(1, -1)] : [])].join(',')}}`;
  });
}

function eventOf(status: unknown, statuses: Readonly<Record<string, string>>): string | undefined {
  if (typeof status !== 'string') return undefined;
  const word = status.toLowerCase();
  return Object.hasOwn(statuses, word) ? statuses[word] : undefined;
}

/** The documented word: the vendor's own edited and confirmed files say `processed`. */
const statusOf = (event: string): string => (event === 'extraction.failed' ? 'failed' : 'processed');

function needsChange(file: JsonObject, event: string): boolean {
  return own(file, 'status') !== statusOf(event) || structureIn(own(file, 'result')) !== undefined;
}

/** The JSON of an object or array that a string spells; undefined for any other value. */
function structureIn(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return undefined;
  try {
    JSON.parse(value);
    return value;
  } catch {
    return undefined;
  }
}

/** Steps 3 and 4 on one file's text: compact, in its own order. */
function rewriteFile(text: string, event: string): string {
  const members = membersOf(text).map(({ key, rawKey, value }) => {
    if (key === 'status') return `${rawKey}:${JSON.stringify(statusOf(event))}`;
    const structure = key === 'result' && value.startsWith('"') ? structureIn(JSON.parse(value)) : undefined;
    return `${rawKey}:${compact(structure ?? value)}`;
  });
  return escapeLoneSurrogates(`{${members.join(',')}}`);
}

/** Step 5: an event for each kind, in the order of its first file. */
function groupByEvent(texts: readonly string[], events: readonly string[]): readonly LegacyEvent[] {
  const groups = new Map<string, { readonly files: string[]; readonly places: number[] }>();
  for (const [index, text] of texts.entries()) {
    const event = events[index] ?? '';
    const file = rewriteFile(text, event);
    const group = groups.get(event);
    if (group === undefined) groups.set(event, { files: [file], places: [index] });
    else {
      group.files.push(file);
      group.places.push(index);
    }
  }
  return [...groups].map(([event, { files, places }]) => {
    const resultText = `[${files.join(',')}]`;
    return { event, resultText, result: JSON.parse(resultText), carried: false, places };
  });
}

function statusFault(index: number, file: JsonObject): string {
  const name = own(file, 'fileName') ?? own(file, 'fileId');
  const status = own(file, 'status');
  const subject = `file ${index + 1}${typeof name === 'string' ? ` (${brief(name)})` : ''}`;
  return typeof status === 'string'
    ? `${subject}: no event stands for the status ${JSON.stringify(brief(status))}; name one under "statuses" of the source if it should`
    : `${subject}: status is ${describe(status)}, not a string`;
}

/** So that a name of any length leaves the reason readable. */
const brief = (text: string): string => (text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text);

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object without a list "files" or a string "status"';
  return `a ${typeof value}`;
}
