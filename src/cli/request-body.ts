import { UsageError } from '../errors.js';
import { eventBody, legacyBody } from '../formats/forward.js';
import { exceedsDepth } from '../formats/json-text.js';
import { DEFAULT_STATUSES, readLegacy } from '../formats/legacy.js';
import type { Format } from '../model.js';

/** Whether text is only what stands in the `result` of a request body: files, as an export or a test has them. */
export function isBareResult(text: string): boolean {
  const value = parse(text);
  if (Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const has = (key: string): boolean => Object.hasOwn(value, key);
  // A file has a `result` of its own, beside ids that no request body has at its top.
  if (has('result')) return has('status') && has('extractionId') && !has('event');
  return has('files') || has('status');
}

/** A legacy request body around a bare result. */
export const wrapLegacy = (resultText: string): string => legacyBody(resultText.trim());

/** A new-format request body around a bare result. @throws {UsageError} where its files are not of one event */
function wrapNew(resultText: string): string {
  const reading = readLegacy(resultText.trim(), DEFAULT_STATUSES);
  if (!reading.ok)
    throw new UsageError('usage', `the data is no list of files: ${reading.errors.join('; ')}`);
  const [event, ...others] = reading.events;
  if (event === undefined || others.length > 0) {
    const events = reading.events.map(({ event }) => event).join(' and ');
    throw new UsageError(
      'usage',
      `the files become several events (${events}): write {"event": …, "result": …} for one of them`,
    );
  }
  return eventBody(event.event, event.resultText);
}

export const wrap = (resultText: string, format: Format): string =>
  format === 'legacy' ? wrapLegacy(resultText) : wrapNew(resultText);

/** Undefined where it is no JSON that could be read without harm. */
function parse(text: string): unknown {
  if (exceedsDepth(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
