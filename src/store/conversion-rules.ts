import type { Conversion, FileIdentity, Route } from '../model.js';

/** What a store decides while it saves conversions. Pure, so that every store decides alike. */

export const filesOf = (conversion: Conversion): readonly FileIdentity[] =>
  conversion.outcome === 'converted' ? conversion.events.flatMap((event) => event.files) : [];

/** When a file was accepted last, and in which event. */
export interface Acceptance {
  readonly eventId: number;
  readonly at: number;
}

/** @returns the first event to accept one of these files, where all of them were accepted since; else null. */
export function repeatOf(
  files: readonly FileIdentity[],
  since: number,
  acceptanceOf: (file: FileIdentity) => Acceptance | null,
): number | null {
  let first: number | null = null;
  for (const file of files) {
    const accepted = acceptanceOf(file);
    if (accepted === null || accepted.at < since) return null;
    if (first === null || accepted.eventId < first) first = accepted.eventId;
  }
  return first;
}

/** Whether all of a webhook is new: its events repeat nothing but one another. Else what goes once for it goes event by event. */
export const isWhole = (
  events: readonly { readonly id: number; readonly duplicateOf: number | null }[],
): boolean => {
  const first = events[0]?.id ?? 0;
  const last = events.at(-1)?.id ?? 0;
  return events.every(
    ({ duplicateOf }) => duplicateOf === null || (duplicateOf >= first && duplicateOf <= last),
  );
};

/**
 * Whether a delivery stands for all of its webhook.
 *
 * @param isNew whether all of the webhook is (`isWhole`)
 * @param events of the webhook
 */
export const standsForWebhook = (
  { oncePerWebhook }: Pick<Route, 'oncePerWebhook'>,
  isNew: boolean,
  events: number,
): boolean => isNew && (oncePerWebhook || events === 1);

/**
 * Whether a route of an accepted event makes a delivery.
 *
 * @param reached destinations that have the webhook as a whole; noted here
 */
export function makesDelivery(
  { destination, oncePerWebhook }: Pick<Route, 'destination' | 'oncePerWebhook'>,
  whole: boolean,
  reached: Set<string>,
): boolean {
  if (!oncePerWebhook || !whole) return true;
  if (reached.has(destination)) return false;
  reached.add(destination);
  return true;
}
