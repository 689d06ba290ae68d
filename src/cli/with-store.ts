import type { Config } from '../config/config.js';
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { ShimError } from '../errors.js';
import { openStore } from '../store/open.js';
import type { Store } from '../store/store.js';
import { type Io, writeLine } from './io.js';
import type { ConfigOption } from './options.js';

const DEFAULT_FILE = 'config/shim.yaml';

/** As it was named: relative to the working directory. */
export const configFile = (options: ConfigOption, io: Pick<Io, 'env'>): string =>
  options.config ?? (io.env.SHIM_CONFIG || DEFAULT_FILE);

/** @throws {ConfigError} with every fault of the file */
export const configOf = (options: ConfigOption, io: Pick<Io, 'env' | 'cwd'>): LoadedConfig =>
  loadConfig({ file: configFile(options, io), env: io.env, cwd: io.cwd });

/**
 * Opens the configured store for one command, whether the service runs on it or not, and closes it after.
 *
 * @throws {ShimError} `not_found` where there is no store yet
 */
export async function withStore<T>(
  options: ConfigOption,
  io: Io,
  mode: 'share' | 'read',
  use: (store: Store, config: Config) => Promise<T>,
): Promise<T> {
  const { config } = configOf(options, io);
  const store = await openConfigured(config, mode, io);
  try {
    return await use(store, config);
  } finally {
    await store.close();
  }
}

/**
 * The same for a look around; where there is no store yet nothing came, and `use` gets null. Where it was looked for is
 * told: a relative path begins at the working directory, and from another one a full store looked like an empty one.
 */
export async function withStoreIfAny<T>(
  options: ConfigOption,
  io: Io,
  use: (store: Store | null, config: Config) => Promise<T>,
): Promise<T> {
  const { config } = configOf(options, io);
  let store: Store;
  try {
    store = await openConfigured(config, 'read', io);
  } catch (error) {
    if (!(error instanceof ShimError && error.code === 'not_found')) throw error;
    const result = await use(null, config);
    writeLine(io.stderr, error.message);
    return result;
  }
  try {
    return await use(store, config);
  } finally {
    await store.close();
  }
}

const openConfigured = (config: Config, mode: 'share' | 'read', io: Pick<Io, 'cwd'>): Promise<Store> =>
  openStore(config.store.url, { ...config.store, mode, cwd: io.cwd });
