import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { checkAlternatives } from './check-alternatives.js';
import { checkControls } from './check-controls.js';
import { checkDestinations } from './check-destinations.js';
import { checkNames } from './check-names.js';
import { checkContracts, checkWhen } from './check-own-schemas.js';
import { checkProxies } from './check-proxies.js';
import { checkSchema, configSchema } from './check-schema.js';
import { checkSecrets } from './check-secrets.js';
import { checkTls } from './check-tls.js';
import { checkBounds, checkPorts } from './check-values.js';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { Draft } from './draft.js';
import { fillIn } from './fill-in.js';
import { readText } from './read-text.js';
import { resolveConfig } from './resolve.js';
import { withDefaults } from './schema-walk.js';
import { warningsOf } from './warnings.js';
import { readYaml } from './yaml-text.js';

export interface LoadedConfig {
  readonly config: Config;
  /** The file that it was read from, absolute. */
  readonly file: string;
  /** What is allowed and yet probably not meant, a sentence each. */
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  /** The configuration file, relative to `cwd`. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `.env` is looked for. */
  readonly cwd: string;
  /** What to read instead of the file, whose name then only stands in messages and for the folder of relative paths. */
  readonly text?: string;
}

/**
 * Reads, fills in and checks a configuration file, YAML or JSON.
 *
 * @throws {ConfigError} with all that is wrong, each with its place
 */
export function loadConfig({ file, env, cwd, text }: LoadOptions): LoadedConfig {
  const path = resolve(cwd, file);
  const readNear = (name: string) => readText(isAbsolute(name) ? name : resolve(path, '..', name));
  const { value, faults, positionOf } = readYaml(text ?? readConfigText(path, file));
  if (value === undefined) throw new ConfigError(faults.map((fault) => ({ file, ...fault, path: '' })));

  const variables = readVariables(env, cwd);
  const schema = configSchema();
  const filled = fillIn(value, schema, {
    variable: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    file: readNear,
  });

  const draft = new Draft(withDefaults(filled.value, schema), positionOf, filled.origins);
  for (const { path: at, messages } of filled.problems) draft.fault(at, messages);
  checkControls(draft);
  checkSchema(draft);
  checkBounds(draft);
  checkNames(draft);
  checkAlternatives(draft);
  checkSecrets(draft);
  checkPorts(draft);
  checkDestinations(draft);
  const whens = checkWhen(draft, pathToFileURL(path), readText);
  const contracts = checkContracts(draft, pathToFileURL(path), readText);
  const tls = checkTls(draft, readNear);
  const proxies = checkProxies(draft, variables);

  const all = [...faults.map((fault) => ({ file, ...fault, path: '' })), ...draft.faults(file)];
  if (all.length > 0) throw new ConfigError(all.sort((a, b) => a.line - b.line || a.column - b.column));
  const config = resolveConfig(draft.value, { whens, contracts, tls, proxies });
  return { config, file: path, warnings: warningsOf(config) };
}

function readConfigText(path: string, file: string): string {
  const read = readText(path);
  if ('text' in read) return read.text;
  const remedy = read.missing
    ? '; name the configuration file with --config or SHIM_CONFIG, or make config/shim.yaml (the package has one to start from)'
    : '';
  throw new ConfigError([{ file, line: 0, column: 0, path: '', message: `${read.problem}${remedy}` }]);
}

/** The environment, over what a `.env` file in the working directory has. @throws {ConfigError} where that cannot be read */
export function readVariables(env: LoadOptions['env'], cwd: string): Readonly<Record<string, string>> {
  return { ...readDotEnv(cwd), ...withoutUnset(env) };
}

export const dotEnvFile = (cwd: string): string => resolve(cwd, '.env');

function readDotEnv(cwd: string): Readonly<Record<string, string>> {
  const read = readText(dotEnvFile(cwd));
  if ('text' in read) return withoutUnset(parseEnv(read.text));
  if (read.missing) return {};
  throw new ConfigError([{ file: '.env', line: 0, column: 0, path: '', message: read.problem }]);
}

function withoutUnset(env: LoadOptions['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
