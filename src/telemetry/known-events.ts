import type { Config } from '../config/config.js';

const EXTRACTION = ['processed', 'edited', 'confirmed', 'failed'].map((action) => `extraction.${action}`);

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
    ...EXTRACTION,
    ...sources.flatMap(({ statuses }) => Object.values(statuses)),
    ...destinations.flatMap(({ events }) => events.filter((event) => !event.includes('*'))),
  ]);
}
