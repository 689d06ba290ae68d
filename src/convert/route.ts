import type { DestinationConfig } from '../config/config.js';
import { type Filters, routedOf, takersOf, takes } from '../config/filters.js';
import { takesShare } from '../migration/share.js';
import type { Route } from '../model.js';
import { compileSchema } from '../schemas.js';

/** Says where an event of a source goes, each destination once, in the order of the configuration. */
export type Router = (source: string, event: RoutableEvent) => readonly Route[];

interface RoutableEvent {
  readonly messageId: string;
  readonly value: { readonly event: string; readonly result: unknown };
}

type Destination = Pick<
  DestinationConfig,
  'name' | 'sources' | 'events' | 'when' | 'format' | 'mode' | 'share' | 'alternative' | 'retry'
>;

/** Some of the batches go one way and the rest the other: null where that is nobody's. */
interface Fork {
  readonly share: number;
  readonly taken: Route;
  readonly rest: Route | null;
}

/** @throws {ShimError} where a `when` does not compile */
export function createRouter(destinations: readonly Destination[]): Router {
  const rules = routedOf(destinations).map((destination) => ({
    ...withWhen(destination),
    fork: forkOf(destination, destinations),
  }));
  return (source, { value, messageId }) => {
    const routes = rules
      .filter(
        (rule) =>
          takes(rule, source, value.event) && (rule.satisfies === null || rule.satisfies(value).length === 0),
      )
      .flatMap(({ name, fork: { share, taken, rest } }) => {
        if (share === 100 || takesShare(batchOf(value.result) ?? messageId, name, share)) return taken;
        return rest ?? [];
      });
    // Two that give up a batch may have the same alternative.
    return rules.length < destinations.length ? withoutRepeats(routes) : routes;
  };
}

function forkOf(destination: Destination, destinations: readonly Destination[]): Fork {
  const { share } = destination;
  const other = destinations.find(({ name }) => name === destination.alternative);
  // Rounded, since 100 - 99.9 is 0.09999999999999432.
  const rest = other === undefined ? null : routeTo(other, Math.round((100 - share) * 1e6) / 1e6);
  return { share, taken: routeTo(destination, share), rest };
}

const routeTo = (destination: Destination, share: number): Route => ({
  destination: destination.name,
  ...sendingTo(destination),
  share,
  delay: destination.retry.schedule[0] ?? 0,
});

/** How deliveries for a destination are sent, whatever makes them. */
export const sendingTo = ({
  mode,
  format,
}: Pick<Destination, 'mode' | 'format'>): Pick<Route, 'mode' | 'oncePerWebhook'> => ({
  // What is paused is sent one day, as to any that is live.
  mode: mode === 'shadow' ? 'shadow' : 'live',
  oncePerWebhook: format === 'legacy',
});

/** Whether a destination takes what has these names, as far as they tell: an alternative takes what those do that name it. */
export function takesByName(
  destinations: readonly (Filters & Pick<Destination, 'name' | 'alternative'>)[],
  name: string,
  { source, event }: { readonly source: string; readonly event: string },
): boolean {
  return takersOf(destinations, name).some((each) => takes(each, source, event));
}

/** Whether a destination takes an event that others may have: `read` is asked for its value where a `when` decides. */
export type Takes = (
  name: string,
  event: {
    readonly source: string;
    readonly event: string;
    readonly latest: readonly { readonly destination: string }[];
  },
  read: () => Promise<unknown>,
) => Promise<boolean>;

/**
 * Whether the body of an event, parsed, is what the `when` of a destination asks for: found out in the convert thread,
 * since a `pattern` may try ways without an end.
 */
export type Meets = (destination: string, value: unknown) => Promise<boolean>;

/**
 * By names and content. Of shares only what they have come to counts: what one of two has that share, the other does not
 * take as well.
 */
export function createTakes(
  destinations: readonly (Filters & Pick<Destination, 'name' | 'alternative' | 'when'>)[],
  meets: Meets,
): Takes {
  return async (name, { source, event, latest }, read) => {
    for (const rule of takersOf(destinations, name)) {
      const sharer = rule.name === name ? rule.alternative : rule.name;
      if (!takes(rule, source, event) || latest.some(({ destination }) => destination === sharer)) continue;
      if (rule.when === null || (await meets(rule.name, await read()))) return true;
    }
    return false;
  };
}

/** @throws {ShimError} where a `when` does not compile */
export function createMeets(destinations: readonly Pick<Destination, 'name' | 'when'>[]): Meets {
  const rules = new Map(destinations.map((each) => [each.name, withWhen(each)]));
  return async (destination, value) => (rules.get(destination)?.satisfies?.(value) ?? []).length === 0;
}

const withWhen = <D extends Pick<Destination, 'when'>>(destination: D) => ({
  ...destination,
  satisfies: destination.when === null ? null : compileSchema(destination.when, { limit: 1 }),
});

/** The batch that an event belongs to: its first file's. */
function batchOf(result: unknown): string | undefined {
  const file: unknown = Array.isArray(result) ? result[0] : undefined;
  if (typeof file !== 'object' || file === null || !('batchId' in file)) return undefined;
  return typeof file.batchId === 'string' ? file.batchId : undefined;
}

const withoutRepeats = (routes: readonly Route[]): readonly Route[] =>
  routes.filter(
    (route, index) => routes.findIndex((each) => each.destination === route.destination) === index,
  );
