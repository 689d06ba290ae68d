import type { Config, DestinationConfig } from '../config/config.js';
import { UsageError } from '../errors.js';

/** @throws {UsageError} where there is none of that name */
export function configuredOne(name: string, { destinations }: Config): DestinationConfig {
  const found = destinations.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = destinations.map((each) => each.name);
  const hint = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  throw new UsageError('usage', `${name} is the name of no configured destination; ${hint}`);
}

/** @throws {UsageError} where it is configured */
export function refuseConfigured(name: string, { destinations }: Config): void {
  if (!destinations.some((each) => each.name === name)) return;
  throw new UsageError(
    'usage',
    `${name} is configured, and gets what waits for it: take it out of the configuration first`,
  );
}
