import type { Config } from '../config/config.js';
import type { Examination } from '../convert/batch.js';
import type { Examined } from '../convert/examine.js';
import type { Meets } from '../convert/route.js';
import type { ExtractionFields } from '../store/rows.js';

/** What the convert thread is started with. */
export interface ConvertOptions {
  /** Whether the other threads go first where the processors are all busy. */
  readonly yielding: boolean;
}

/** What the work thread, or a command, asks of the convert thread. */
export interface ConvertApi {
  /** Goes on with a configuration, the first or another. @throws {ShimError} where a schema does not compile */
  configure(config: Pick<Config, 'sources' | 'destinations'>): Promise<void>;
  examine(examinations: readonly Examination[]): Promise<readonly Examined[]>;
  readonly meets: Meets;
  /** The fields that were seen since the last time. */
  takeFields(): Promise<readonly ExtractionFields[]>;
}

export const CONVERT_VERBS = ['configure', 'examine', 'meets', 'takeFields'] as const;
