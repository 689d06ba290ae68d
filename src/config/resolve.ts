import { DEFAULT_STATUSES } from '../formats/legacy.js';
import type {
  BreakerConfig,
  Config,
  DestinationConfig,
  JsonSchema,
  RetryConfig,
  SourceConfig,
  TlsConfig,
} from './config.js';
import { parseDuration } from './duration.js';
import { isRecord } from './path.js';
import { parseRate } from './rate.js';
import { parseSize } from './size.js';

type Raw = Readonly<Record<string, unknown>>;

/**
 * Turns a file's value into the frozen configuration: units to milliseconds and bytes, what depends on other keys.
 *
 * @param checked without a fault, and with the schema's defaults: whatever does not fit here is a bug
 * @param found what was read for it, by where it is named: the `when` of each destination by `destinations[0].when`, the
 *   schemas of the contracts by `sources[0].contracts[0].schema`, both self-contained; certificates and keys by
 *   `destinations[0].tls`; proxies by `destinations[0].url`
 */
export function resolveConfig(
  checked: unknown,
  {
    whens,
    contracts,
    tls,
    proxies,
  }: {
    readonly whens: ReadonlyMap<string, JsonSchema>;
    readonly contracts: ReadonlyMap<string, JsonSchema>;
    readonly tls: ReadonlyMap<string, TlsConfig>;
    readonly proxies: ReadonlyMap<string, string>;
  },
): Config {
  const { server, admin, store, log, sources, destinations } = record(checked);
  const sourceConfigs = list(sources).map((source, index) =>
    toSource(record(source), (at) => known(contracts.get(`sources[${index}].contracts[${at}].schema`))),
  );
  const names = sourceConfigs.map((source) => source.name);
  const config: Config = {
    server: { ...endpoint(record(server)), bodyLimit: known(parseSize(text(record(server).bodyLimit))) },
    admin: { ...endpoint(record(admin)), token: text(record(admin).token) || null },
    store: {
      url: text(record(store).url),
      retention: duration(record(store).retention),
      connections: number(record(store).connections),
      statementTimeout: duration(record(store).statementTimeout),
    },
    log: { level: word(record(log).level, LEVELS), format: word(record(log).format, ['json', 'pretty']) },
    sources: sourceConfigs,
    destinations: list(destinations).map((each, index) =>
      toDestination(record(each), names, {
        when: whens.get(`destinations[${index}].when`) ?? null,
        tls: tls.get(`destinations[${index}].tls`) ?? null,
        proxy: proxies.get(`destinations[${index}].url`) ?? null,
      }),
    ),
  };
  return deepFreeze(config);
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

function toSource(raw: Raw, contractSchema: (index: number) => JsonSchema): SourceConfig {
  const [first, ...others] = list(raw.secrets).map(text);
  return {
    name: text(raw.name),
    path: text(raw.path),
    secrets: [known(first), ...others],
    format: word(raw.format, ['auto', 'legacy', 'new']),
    dedupWindow: duration(raw.dedupWindow),
    statuses: { ...DEFAULT_STATUSES, ...lowerCaseKeys(raw.statuses) },
    inferEdited: raw.inferEdited === true,
    contracts: list(raw.contracts).map((each, index) => ({
      extractionId: text(record(each).extractionId),
      schema: contractSchema(index),
    })),
    keepRefused: number(raw.keepRefused),
  };
}

function toDestination(
  raw: Raw,
  allSources: readonly string[],
  found: Pick<DestinationConfig, 'when' | 'tls' | 'proxy'>,
): DestinationConfig {
  return {
    name: text(raw.name),
    url: new URL(text(raw.url)).href,
    sources: raw.sources === undefined ? allSources : list(raw.sources).map(text),
    events: list(raw.events).map(text),
    format: word(raw.format, ['legacy', 'new']),
    mode: word(raw.mode, ['live', 'shadow', 'paused']),
    share: number(raw.share),
    alternative: raw.alternative === undefined ? null : text(raw.alternative),
    secret: raw.secret === undefined ? null : text(raw.secret),
    standardSecret: raw.standardSecret === undefined ? null : text(raw.standardSecret),
    headers: lowerCaseKeys(raw.headers),
    timeout: duration(raw.timeout),
    concurrency: number(raw.concurrency),
    rate: raw.rate === undefined ? null : known(parseRate(text(raw.rate))),
    ordered: raw.ordered === 'none' ? null : word(raw.ordered, ['file', 'batch', 'extraction']),
    retry: toRetry(record(raw.retry)),
    breaker: toBreaker(record(raw.breaker)),
    ...found,
  };
}

function toBreaker(raw: Raw): BreakerConfig {
  return {
    failures: number(raw.failures),
    window: duration(raw.window),
    cooldown: duration(raw.cooldown),
  };
}

function toRetry(raw: Raw): RetryConfig {
  const schedule = list(raw.schedule).map(duration);
  return {
    attempts: raw.attempts === undefined ? schedule.length : number(raw.attempts),
    schedule,
    jitter: number(raw.jitter),
  };
}

const endpoint = (raw: Raw) => ({ host: text(raw.host), port: number(raw.port) });

const duration = (value: unknown): number => known(parseDuration(String(value)));

function lowerCaseKeys(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(record(value)).map(([key, each]) => [key.toLowerCase(), text(each)]),
  );
}

function record(value: unknown): Raw {
  return isRecord(value) ? value : unfit('a map');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : unfit('a list');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : unfit('text');
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : unfit('a number');
}

function word<const Word extends string>(value: unknown, words: readonly Word[]): Word {
  return words.find((each) => each === value) ?? unfit(words.join(' or '));
}

function known<T>(value: T | undefined): T {
  return value ?? unfit('a value');
}

function unfit(expected: string): never {
  throw new Error(`a checked configuration has something else than ${expected}`);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
