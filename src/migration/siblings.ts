import type { ReplayableEvent } from '../store/rows.js';

/**
 * A handler in the old format gets a webhook once and as it came, by a delivery of one of its events: the others, its
 * siblings, went there with it, and have no delivery that would tell.
 */

/** Whether a webhook could go out as it came: it came in the old format, and no part of it had been accepted before. */
export const canGoWhole = (events: readonly Pick<ReplayableEvent, 'format' | 'duplicateOf'>[]): boolean =>
  events.every(({ format, duplicateOf }) => format === 'legacy' && duplicateOf === null);

/**
 * @param events all events of one webhook
 * @param goesWhole whether what goes to a destination is the webhook
 * @returns the same events, each with the deliveries that it went with
 */
export function withSiblings(
  events: readonly ReplayableEvent[],
  goesWhole: (destination: string, event: ReplayableEvent) => boolean,
): readonly ReplayableEvent[] {
  if (events.length === 1 || !canGoWhole(events)) return events;
  return events.map((event) => {
    const own = new Set(event.latest.map(({ destination }) => destination));
    const others = new Map(
      events.flatMap(({ latest }) => latest.map((delivery) => [delivery.destination, delivery] as const)),
    );
    const along = [...others.values()].filter(
      ({ destination }) => !own.has(destination) && goesWhole(destination, event),
    );
    return along.length === 0 ? event : { ...event, latest: [...event.latest, ...along] };
  });
}
