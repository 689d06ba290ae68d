import type { DestinationConfig } from '../config/config.js';
import { compileSchema } from '../schemas.js';

/** Says which destinations an event of a source is for, by name, in the order of the configuration. */
export type Router = (
  source: string,
  event: { readonly event: string; readonly result: unknown },
) => readonly string[];

/** @throws {ShimError} where a `when` does not compile */
export function createRouter(
  destinations: readonly Pick<DestinationConfig, 'name' | 'sources' | 'events' | 'when'>[],
): Router {
  const routes = destinations.map((destination) => ({
    ...destination,
    satisfies: destination.when === null ? null : compileSchema(destination.when, { limit: 1 }),
  }));
  return (source, event) =>
    routes
      .filter(
        (route) =>
          route.sources.includes(source) &&
          route.events.some((pattern) => matchesEvent(pattern, event.event)) &&
          (route.satisfies === null || route.satisfies(event).length === 0),
      )
      .map((route) => route.name);
}

/** A pattern is an event's exact name, or has `*` for one or more segments at its end: `extraction.*`, `*`. */
function matchesEvent(pattern: string, event: string): boolean {
  if (pattern === '*') return true;
  return pattern.endsWith('.*') ? event.startsWith(pattern.slice(0, -1)) : event === pattern;
}
