import type { Page } from './http/admin-app.js';
import { withPatience } from './patience.js';
import type { Log } from './telemetry/log.js';
import { METRICS_TYPE, processMetrics } from './telemetry/process-metrics.js';
import type { WorkApi } from './thread/work-api.js';

/** Prometheus gives up after ten seconds; what is there until then shall be shown. */
const PATIENCE = 5_000;

/**
 * The page of metrics: those of both threads, whose names are distinct, one after the other. Where the work thread does
 * not answer, its part is left out: a service that is in trouble is not to vanish from the monitoring.
 */
export function createMetrics(options: {
  readonly ingest: { text(): Promise<string> };
  readonly work: Pick<WorkApi, 'metrics'>;
  readonly log: Pick<Log, 'warn'>;
  readonly patience?: number;
}): () => Promise<Page> {
  const { ingest, work, log, patience = PATIENCE } = options;
  const ofWork = async (): Promise<string> => {
    try {
      return await withPatience(patience, work.metrics());
    } catch (error) {
      log.warn({ err: error }, 'metrics without those of the work thread');
      return '';
    }
  };
  return async () => {
    const parts = await Promise.all([ofWork(), ingest.text(), processMetrics()]);
    return { type: METRICS_TYPE, text: parts.join('') };
  };
}
