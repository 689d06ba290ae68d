import type { Format, OrderedBy, Rate } from '../model.js';

/**
 * The configuration as the program sees it: resolved once at the edge, complete, frozen, and plain data (it crosses to
 * the worker thread). Defaults, units and meaning are declared in `schemas/config.schema.json`. Durations are
 * milliseconds, sizes are bytes.
 */
export interface Config {
  readonly server: { readonly host: string; readonly port: number; readonly bodyLimit: number };
  readonly admin: { readonly host: string; readonly port: number; readonly token: string | null };
  readonly store: {
    readonly url: string;
    /** How long what is over is kept. */
    readonly retention: number;
    /** PostgreSQL: at once, at the most. */
    readonly connections: number;
    /** PostgreSQL: how long one statement may take. */
    readonly statementTimeout: number;
  };
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' };
  readonly sources: readonly SourceConfig[];
  readonly destinations: readonly DestinationConfig[];
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface SourceConfig {
  readonly name: string;
  readonly path: string;
  /** At least one; the first signs. */
  readonly secrets: readonly [string, ...string[]];
  readonly format: 'auto' | Format;
  /** 0: off. */
  readonly dedupWindow: number;
  /** Lower-case status word to event, the defaults included. */
  readonly statuses: Readonly<Record<string, string>>;
  /** Whether a processed file that comes again by legacy with another result becomes `extraction.edited`. */
  readonly inferEdited: boolean;
  /** JSON Schemas for the fields of an extraction's files, each extraction once. */
  readonly contracts: readonly { readonly extractionId: string; readonly schema: JsonSchema }[];
  /** How many requests that were refused for their signature are kept with their bodies. */
  readonly keepRefused: number;
}

export interface DestinationConfig {
  readonly name: string;
  readonly url: string;
  /** Names; all of them where the file names none. */
  readonly sources: readonly string[];
  /** Exact event names, or patterns with `*` for one or more segments at the end. */
  readonly events: readonly string[];
  /** A JSON Schema that the event must satisfy. */
  readonly when: JsonSchema | null;
  readonly format: Format;
  readonly mode: 'live' | 'shadow' | 'paused';
  /** Percent of the batches that it takes of what matches. */
  readonly share: number;
  /** The destination that gets the rest, and nothing else; null only where there is no rest. */
  readonly alternative: string | null;
  /** Signs `x-webhook-signature`; null: the source's first secret. */
  readonly secret: string | null;
  /** A `whsec_` secret: adds `webhook-signature`. */
  readonly standardSecret: string | null;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: number;
  readonly concurrency: number;
  /** Over all instances; null: no limit. */
  readonly rate: Rate | null;
  /** One at a time, in the order of arrival, for each of these; null: all at once. */
  readonly ordered: OrderedBy | null;
  readonly retry: RetryConfig;
  readonly breaker: BreakerConfig;
  readonly tls: TlsConfig | null;
  /** The URL of the proxy that it is reached through, with user and password; null: none. */
  readonly proxy: string | null;
}

/** What the files hold, in PEM; null where none is named. `cert` and `key` come together. */
export interface TlsConfig {
  /** The authorities that are believed, these alone; null: those that Node.js knows. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** Opens after so many failures in a row within the window, for the cooldown. */
export interface BreakerConfig {
  /** 0: never. */
  readonly failures: number;
  readonly window: number;
  readonly cooldown: number;
}

export interface RetryConfig {
  /** How many attempts a delivery has in all. */
  readonly attempts: number;
  /** The wait before each attempt; the last one repeats where there are more attempts. */
  readonly schedule: readonly number[];
  /** 0 to 1: each wait is spread evenly over (1 ± jitter) of itself. */
  readonly jitter: number;
}

export type JsonSchema = boolean | { readonly [key: string]: unknown };
