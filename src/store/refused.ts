import type { NewWebhook, Verified } from '../model.js';

/** Requests that were refused for their signature: counted, and the newest of each source kept as samples. */
export interface RefusedStore {
  /**
   * Adds counts and samples. Only the newest samples stay: of each source so many as `REFUSED` and its `keep` say, and
   * of the bodies of all sources so many bytes.
   */
  recordRefused(batch: readonly RefusedOfSource[]): Promise<void>;
  listRefused(query: RefusedQuery): Promise<readonly RefusedRow[]>;
  getRefused(id: number): Promise<RefusedDetail | null>;
  /** In order of source, then the newest day first. */
  refusedCounts(): Promise<readonly (RefusedCount & { readonly source: string })[]>;
  /**
   * Stores as webhooks what can be verified after all, and takes it out of the samples.
   *
   * @returns the webhooks' ids, in the order given; null for a sample that is not there any more: nothing was stored
   */
  acceptRefused(
    batch: readonly { readonly id: number; readonly webhook: Verified<NewWebhook> }[],
  ): Promise<readonly (number | null)[]>;
}

/** What a stranger can fill the store with. */
export const REFUSED = {
  /** Samples without body, of each source. */
  bare: 50,
  /** Bytes of all bodies that are kept. */
  bytes: 64 * 1024 * 1024,
  /** How long counts are kept, in ms. */
  counted: 90 * 86_400_000,
};

export type RefusalReason = 'no_signature' | 'wrong_signature';

export interface RefusedCount {
  /** When the day began, in UTC. */
  readonly day: number;
  readonly reason: RefusalReason;
  readonly count: number;
}

export interface RefusedSample {
  readonly receivedAt: number;
  readonly reason: RefusalReason;
  /** Who sent it. */
  readonly address: string;
  readonly path: string;
  /** Bytes of the body. */
  readonly size: number;
  /** Whether what it carries could be read, had it been signed; null where it was too large to look. */
  readonly wellFormed: boolean | null;
  /** Null where it is a sample alone. */
  readonly request: { readonly body: string; readonly signature: string } | null;
}

export interface RefusedOfSource {
  readonly source: string;
  /** How many samples with their bodies stay of this source. */
  readonly keep: number;
  readonly counts: readonly RefusedCount[];
  readonly samples: readonly RefusedSample[];
}

export interface RefusedQuery {
  readonly limit: number;
  /** The id where the page before ended: the newest come first. */
  readonly before?: number;
  readonly source?: string;
  /** Only those with their bodies. */
  readonly kept?: true;
}

export interface RefusedRow extends Omit<RefusedSample, 'request'> {
  readonly id: number;
  readonly source: string;
  /** Whether its body is there. */
  readonly kept: boolean;
}

export interface RefusedDetail extends RefusedRow {
  readonly request: RefusedSample['request'];
}
