import { readVariables } from '../config/load.js';
import { UsageError } from '../errors.js';
import type { Io } from './io.js';
import type { ConfigOption } from './options.js';
import { configOf } from './with-store.js';

const VARIABLE = 'EXTRACTA_WEBHOOK_SECRET';

export interface SecretOptions extends ConfigOption {
  readonly secret?: string;
}

export const SECRET_HELP = `the secret, which others can see in the list of processes: better set ${VARIABLE}`;
export const SECRET_CONFIG_HELP = 'take the secret from the first source of this configuration';

/**
 * The secret to sign or verify with: `--secret`, else the first source's of `--config`, else the variable's, as the
 * service finds it: also in `.env`.
 *
 * @throws {UsageError} where it is empty
 */
export function secretOf(options: SecretOptions, io: Io): string | null {
  if (options.secret !== undefined) return given('--secret', options.secret);
  if (options.config !== undefined) return configOf(options, io).config.sources[0]?.secrets[0] ?? null;
  const value = readVariables(io.env, io.cwd)[VARIABLE];
  return value === undefined ? null : given(VARIABLE, value);
}

function given(name: string, value: string): string {
  if (value.trim() === '')
    throw new UsageError('usage', `${name} is empty: give it the secret of the dashboard`);
  return value;
}
