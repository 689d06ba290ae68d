import { type Shim as ComposedShim, createShim as composeShim } from './app.js';
import type { Config } from './config/config.js';
import { loadConfig } from './config/load.js';

/** The whole service, in a program of yours. */
export interface Shim extends Pick<ComposedShim, 'start' | 'stop' | 'ended'> {
  /**
   * Goes on with another configuration, in one step: if it cannot be used, all stays as it was.
   *
   * @param config as for `createShim`, read with the same `env` and `cwd`
   * @returns the keys whose change only takes effect with a restart
   * @throws {ShimError} why it cannot be used
   */
  reload(config: string | object): Promise<readonly string[]>;
}

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
  const resolve = (given: string | object): Config => {
    const source =
      typeof given === 'string' ? { file: given } : { file: 'config', text: JSON.stringify(given, null, 2) };
    return loadConfig({ ...source, env, cwd }).config;
  };
  const { start, stop, ended, reload } = composeShim(resolve(config), { cwd });
  return { start, stop, ended, reload: async (next) => reload(resolve(next)) };
}
