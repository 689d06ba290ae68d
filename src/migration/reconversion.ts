import type { Converter } from '../convert/converter.js';
import { toNew } from '../formats/forward.js';
import type { QuarantineReason, StoredWebhook, Verified } from '../model.js';
import type { EventDetail } from '../store/store.js';
import { type Difference, diffJson } from './diff.js';

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

/** @param convert by today's code and configuration */
export function reconvert(
  event: Pick<EventDetail, 'event' | 'body' | 'webhook'>,
  convert: Converter,
): Reconversion {
  // Only what was verified is ever stored.
  const webhook = event.webhook as StoredWebhook as Verified<StoredWebhook>;
  const conversion = convert(webhook);
  if (conversion.outcome === 'quarantined') {
    return { outcome: 'quarantined', reason: conversion.reason, errors: conversion.errors };
  }
  // Of one webhook there is one event of each name.
  const today = conversion.events.find((each) => each.event === event.event);
  if (today === undefined) {
    return { outcome: 'other_events', events: conversion.events.map((each) => each.event) };
  }
  const [sent, now] = [event, today].map(
    (each) => toNew({ event: each.event, body: each.body, plain: true, webhook }).body,
  );
  if (sent === undefined || now === undefined || sent === now) return { outcome: 'same' };
  const differences = diffJson(sent, now);
  return differences.length === 0 ? { outcome: 'same' } : { outcome: 'different', differences };
}
