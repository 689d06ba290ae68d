import type { Config, DestinationConfig, SourceConfig } from '../config/config.js';
import { hintAt } from '../config/nearest.js';
import { ShimError, UsageError } from '../errors.js';
import type { Store } from '../store/store.js';
import { knownEvents } from '../telemetry/known-events.js';

/**
 * Names that a person types. One that nobody knows is refused with the nearest that is known: a slip of the pen must not
 * look like a name for which nothing came.
 */
type Names = Pick<Config, 'sources' | 'destinations'>;

/** So many of the newest deliveries and dead letters are looked through for names: a matter of milliseconds. */
const MOST = 1_000;

/** @param option where it was typed, such as `--to` @throws {UsageError} where there is none of that name */
export const configuredDestination = (
  name: string,
  { destinations }: Pick<Config, 'destinations'>,
  option?: string,
): DestinationConfig => configured(name, destinations, 'configured destination', option);

/** @throws {UsageError} where there is none of that name */
export const configuredSource = (
  name: string,
  { sources }: Pick<Config, 'sources'>,
  option?: string,
): SourceConfig => configured(name, sources, 'configured source', option);

/** @throws {UsageError} where it is configured */
export function refuseConfigured(name: string, { destinations }: Pick<Config, 'destinations'>): void {
  if (!destinations.some((each) => each.name === name)) return;
  throw new UsageError(
    'usage',
    `${name} is configured, and gets what waits for it: take it out of the configuration first`,
  );
}

/** @throws {UsageError} where it is not configured, and nothing stored was for it */
export async function checkDestination(
  name: string | undefined,
  store: Pick<Store, 'listDeliveries' | 'waiting'> | null,
  { destinations }: Names,
  option?: string,
): Promise<void> {
  const names = namesOf(destinations);
  if (name === undefined || names.includes(name)) return;
  const rows = (await store?.listDeliveries({ destination: name, limit: 1 })) ?? [];
  if (rows.length > 0) return;
  const stored = store === null ? [] : await storedDestinations(store);
  throw unknown(name, [...names, ...stored], 'destination', option);
}

/** Those that are likely to be meant: to find all that ever were, each delivery would have to be looked at. */
async function storedDestinations(
  store: Pick<Store, 'listDeliveries' | 'waiting'>,
): Promise<readonly string[]> {
  const { pending, dead } = await store.waiting(MOST);
  const newest = await store.listDeliveries({ limit: MOST });
  return [...newest, ...pending, ...dead].map(({ destination }) => destination);
}

/** @throws {UsageError} where it is not configured, and nothing ever came from it */
export async function checkSource(
  name: string | undefined,
  store: Pick<Store, 'lastSeen' | 'refusedCounts'> | null,
  { sources }: Names,
  option?: string,
): Promise<void> {
  const names = namesOf(sources);
  if (name === undefined || names.includes(name)) return;
  const stored = [...((await store?.lastSeen()) ?? []), ...((await store?.refusedCounts()) ?? [])];
  const known = [...names, ...stored.map(({ source }) => source)];
  if (!known.includes(name)) throw unknown(name, known, 'source', option);
}

/** @throws {UsageError} where it is none of the vendor's or of the configuration, and none of it is stored */
export async function checkEvent(
  name: string | undefined,
  store: Pick<Store, 'listEvents'> | null,
  config: Names,
  option?: string,
): Promise<void> {
  const names = [...knownEvents(config)];
  if (name === undefined || names.includes(name)) return;
  const rows = (await store?.listEvents({ event: name, limit: 1 })) ?? [];
  if (rows.length === 0) throw unknown(name, names, 'event', option);
}

/** @throws {ShimError} `not_found` where a number that was typed is that of nothing that is stored */
export async function checkNumber(
  kind: 'event' | 'delivery',
  id: number | undefined,
  get: ((id: number) => Promise<unknown>) | undefined,
): Promise<void> {
  if (id === undefined) return;
  const found = (await get?.(id)) ?? null;
  if (found === null) throw new ShimError('not_found', `there is no ${kind} ${id}`);
}

function configured<Named extends { readonly name: string }>(
  name: string,
  all: readonly Named[],
  kind: string,
  option?: string,
): Named {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw unknown(name, namesOf(all), kind, option);
  return found;
}

const namesOf = (all: readonly { readonly name: string }[]): readonly string[] => all.map(({ name }) => name);

function unknown(name: string, known: readonly string[], kind: string, option?: string): UsageError {
  const typed = option === undefined ? name : `${option} ${name}`;
  return new UsageError('usage', `${typed} is the name of no ${kind}; ${hintAt(name, [...new Set(known)])}`);
}
