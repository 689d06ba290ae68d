import type { Config } from '../config/config.js';
import { EXTRACTION_EVENTS } from '../formats/extraction-events.js';

/** Stands for every event that is not known. */
export const OTHER = 'other';

/**
 * The events that are told apart: the vendor's, and those that the configuration names. Any other name is the sender's to
 * choose, and there is no end to those.
 */
export function knownEvents({
  sources,
  destinations,
}: Pick<Config, 'sources' | 'destinations'>): ReadonlySet<string> {
  return new Set([
    ...EXTRACTION_EVENTS,
    ...sources.flatMap(({ statuses }) => Object.values(statuses)),
    ...destinations.flatMap(({ events }) => events.filter((event) => !event.includes('*'))),
  ]);
}
