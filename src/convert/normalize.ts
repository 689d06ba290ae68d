import { eventBody, legacyResultText } from '../formats/forward.js';
import { type FileContent, fileIdentity, fileText, fileValue, messageId } from '../formats/identity.js';
import { exceedsDepth, itemsOf, memberOf } from '../formats/json-text.js';
import { type LegacyEvent, readLegacy, refuse, tooManyFiles, type Unconvertible } from '../formats/legacy.js';
import type { ConvertedEvent, Format, Verified } from '../model.js';
import type { EventCheck } from './event-schemas.js';

/** An event and its parsed content, before it is known where it goes. */
export interface NormalizedEvent extends Omit<ConvertedEvent, 'destinations'> {
  readonly value: { readonly event: string; readonly result: unknown };
  /** Where each file stands in a legacy webhook's list; null: as they do here. */
  readonly places: readonly number[] | null;
}

export type Normalized = { readonly ok: true; readonly events: readonly NormalizedEvent[] } | Unconvertible;

export interface NormalizeRules {
  readonly source: string;
  /** Lower-case status word to event. */
  readonly statuses: Readonly<Record<string, string>>;
  readonly checkSchema: EventCheck;
  /** For the user's own fields; null where there are none. */
  readonly checkContracts: EventCheck | null;
}

/**
 * In characters. No signature covers an event's name: whoever has one authentic request could put nine million of them
 * there, which are hashed with each file (200 files: 9 s) and stand in every list of events.
 */
const LONGEST_EVENT = 255;
const EVENT_NAME = /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)+$/;

/**
 * What an authentic webhook becomes: its events, or why it becomes none (protocol sections 3 and 4). Never throws for
 * any body that `authenticate` lets through.
 *
 * @param inferred the events of legacy files for which more is known than their status, by their place in the list
 */
export function normalize(
  webhook: Verified<{ readonly format: Format; readonly body: string }>,
  rules: NormalizeRules,
  inferred?: ReadonlyMap<number, string>,
): Normalized {
  return webhook.format === 'legacy'
    ? fromLegacy(webhook.body, rules, inferred)
    : fromNew(webhook.body, rules);
}

function fromLegacy(
  body: string,
  rules: NormalizeRules,
  inferred: ReadonlyMap<number, string> | undefined,
): Normalized {
  const resultText = legacyResultText(body);
  if (exceedsDepth(resultText)) return tooDeep();
  const reading = readLegacy(resultText, rules.statuses, inferred);
  if (!reading.ok) return reading;

  const events: NormalizedEvent[] = [];
  for (const event of reading.events) {
    // A file's result that was JSON in a string can be deeper than the text that held it.
    if (!event.carried && exceedsDepth(event.resultText)) return tooDeep();
    const normalized = legacyEvent(event, rules);
    const faulty = checked(normalized, rules);
    if (faulty !== null) return faulty;
    events.push(normalized);
  }
  return { ok: true, events };
}

function legacyEvent(
  { event, resultText, result, carried, places }: LegacyEvent,
  rules: NormalizeRules,
): NormalizedEvent {
  const plain = JSON.stringify(result) === resultText;
  const files = plain ? (result as readonly unknown[]).map(fileValue) : itemsOf(resultText).map(fileText);
  return {
    event,
    value: { event, result },
    body: carried ? null : eventBody(event, resultText),
    plain,
    places,
    ...identify(event, files, rules.source),
  };
}

function fromNew(body: string, rules: NormalizeRules): Normalized {
  const { event, result } = JSON.parse(body) as { readonly event?: unknown; readonly result: unknown };
  // First: over millions of segments the pattern overflows the stack.
  if (typeof event === 'string' && event.length > LONGEST_EVENT) {
    return refuse(
      'invalid_event',
      `event is ${shown(event)}, of ${event.length} characters: ${LONGEST_EVENT} at most`,
    );
  }
  if (typeof event !== 'string' || !EVENT_NAME.test(event)) {
    return refuse(
      'invalid_event',
      `event is ${shown(event)}, not feature.action such as "extraction.processed"`,
    );
  }
  const tooMany = Array.isArray(result) ? tooManyFiles(result.length) : null;
  if (tooMany !== null) return refuse('internal_error', tooMany);
  const value = { event, result };
  const faulty = checked({ value, places: null }, rules);
  if (faulty !== null) return faulty;
  const plain = body === eventBody(event, JSON.stringify(result));
  const files = plain
    ? (result as readonly unknown[]).map(fileValue)
    : itemsOf(memberOf(body, 'result') ?? '[]').map(fileText);
  const identity = identify(event, files, rules.source);
  return { ok: true, events: [{ event, value, body: null, plain, places: null, ...identity }] };
}

/** @returns why it is no event; null where it is one. */
function checked(
  { value, places }: Pick<NormalizedEvent, 'value' | 'places'>,
  { checkSchema, checkContracts }: NormalizeRules,
): Unconvertible | null {
  const faults = checkSchema(value);
  if (faults.length > 0) return refuse('schema_violation', ...inWebhook(faults, places));
  const misses = checkContracts?.(value) ?? [];
  return misses.length > 0 ? refuse('contract_violation', ...inWebhook(misses, places)) : null;
}

/** Names files by where they stand in the webhook, which is what a person has before them, instead of in the event. */
const inWebhook = (faults: readonly string[], places: readonly number[] | null): readonly string[] =>
  faults.map((fault) =>
    fault.replace(/^result\[(\d+)\]/, (_, index) => `result[${places?.[Number(index)] ?? index}]`),
  );

function identify(event: string, contents: readonly FileContent[], source: string) {
  const files = contents.map((content) => fileIdentity(source, event, content));
  return { files, messageId: messageId(source, event, files) };
}

const tooDeep = (): Unconvertible => refuse('nesting_too_deep', 'result is nested more than 256 deep');

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
