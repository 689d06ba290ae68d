import { performance } from 'node:perf_hooks';
import type { Middleware } from 'koa';
import { type IngestOutcome, outcomeOfError } from '../ingest/outcome.js';
import type { Format } from '../model.js';

/** Told of each request at a source's path. */
export type OnAnswer = (
  outcome: IngestOutcome,
  /** Null where it was not found out. */
  format: Format | null,
  /** Seconds from its headers until its answer was ready. */
  duration: number,
) => void;

/** What the request's handler leaves for those around it. */
export interface RequestState {
  /** Of a webhook that was accepted. */
  format?: Format;
}

/** Around all that handles a request. */
export function observe(onAnswer: OnAnswer): Middleware<RequestState> {
  return async (ctx, next) => {
    const begun = performance.now();
    let outcome: IngestOutcome = 'accepted';
    try {
      await next();
    } catch (error) {
      outcome = outcomeOfError(error);
      throw error;
    } finally {
      onAnswer(outcome, ctx.state.format ?? null, (performance.now() - begun) / 1_000);
    }
  };
}
