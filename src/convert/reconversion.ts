import { newBody } from '../formats/forward.js';
import { type Difference, diffJson } from '../migration/diff.js';
import type { QuarantineReason } from '../model.js';
import type { EventDetail } from '../store/rows.js';
import { type ExamineAll, examineAlone } from './batch.js';
import { inferredThen } from './infer-edited.js';

/** What a stored webhook becomes today, beside the event that it became when it arrived. */
export type Reconversion =
  | { readonly outcome: 'same' }
  /** In a difference, `legacy` is what was sent and `new` what would be. */
  | { readonly outcome: 'different'; readonly differences: readonly Difference[] }
  | { readonly outcome: 'other_events'; readonly events: readonly string[] }
  | {
      readonly outcome: 'quarantined';
      readonly reason: QuarantineReason;
      readonly errors: readonly string[];
    };

/**
 * Edits that were inferred then are taken as they were: what the store knew of the file has changed since.
 *
 * @param examineAll by today's code and configuration
 */
export async function reconvert(
  event: Pick<EventDetail, 'event' | 'body' | 'webhook'>,
  examineAll: ExamineAll,
): Promise<Reconversion> {
  const { webhook } = event;
  const bodyOf = (each: { readonly event: string; readonly body: string | null }): string =>
    newBody({ event: each.event, body: each.body, webhook });
  const sent = bodyOf(event);
  const first = await examineAlone(examineAll, [webhook]);
  const inferred = inferredThen(first.files, { source: webhook.source, event: event.event, body: sent });
  const { conversion } = inferred.size === 0 ? first : await examineAlone(examineAll, [webhook, inferred]);
  if (conversion.outcome === 'quarantined') {
    return { outcome: 'quarantined', reason: conversion.reason, errors: conversion.errors };
  }
  // Of one webhook there is one event of each name.
  const today = conversion.events.find((each) => each.event === event.event);
  if (today === undefined) {
    return { outcome: 'other_events', events: conversion.events.map((each) => each.event) };
  }
  const now = bodyOf(today);
  const differences = sent === now ? [] : diffJson(sent, now);
  return differences.length === 0 ? { outcome: 'same' } : { outcome: 'different', differences };
}
