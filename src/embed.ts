import { createShim as composeShim, type Shim } from './app.js';
import { loadConfig } from './config/load.js';

export type { Shim } from './app.js';

/**
 * The whole service, to embed in a program of yours: it starts when you say so, and takes no signal and no argument.
 *
 * @param config the path of a configuration file, or what would stand in it
 * @param options.env where `${NAME}` is looked up; nothing is read from the process's own environment unless you pass it
 * @param options.cwd where relative paths start, and where a `.env` file is read
 * @throws {ConfigError} with all that is wrong
 */
export function createShim(
  config: string | object,
  options: { readonly env?: Readonly<Record<string, string | undefined>>; readonly cwd?: string } = {},
): Shim {
  const { env = {}, cwd = process.cwd() } = options;
  const source =
    typeof config === 'string' ? { file: config } : { file: 'config', text: JSON.stringify(config, null, 2) };
  return composeShim(loadConfig({ ...source, env, cwd }).config, { cwd });
}
