import { ConfigError } from '../../src/config/config-error.js';
import { type LoadedConfig, loadConfig } from '../../src/config/load.js';
import { tempFolder } from './temp-folder.js';

export interface Surroundings {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** Loads a configuration from a real file. */
export function load(text: string | Uint8Array, { env = {}, files = {} }: Surroundings = {}): LoadedConfig {
  return loadConfig({ file: 'shim.yaml', env, cwd: tempFolder({ ...files, 'shim.yaml': text }) });
}

/** The lines of the error that loading it ends with; none where it does not. */
export function faultsOf(text: string | Uint8Array, surroundings: Surroundings = {}): readonly string[] {
  try {
    load(text, surroundings);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}
