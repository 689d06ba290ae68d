import { Counter, Histogram, Registry } from 'prom-client';
import { INGEST_OUTCOMES, type IngestOutcome } from '../ingest/outcome.js';
import type { Format } from '../model.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const FORMATS: readonly Format[] = ['legacy', 'new'];

/** The main thread's part of the metrics. */
export interface IngestMetrics {
  /** @returns what counts the requests of a source; `duration` in seconds */
  source(name: string): (outcome: IngestOutcome, format: Format | null, duration: number) => void;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
}

export function createIngestMetrics(): IngestMetrics {
  const registry = new Registry();
  const registers = [registry];
  const webhooks = new Counter({
    name: 'shim_webhooks_total',
    help: 'Requests at the path of a source, by outcome; format is unknown for those that were not accepted.',
    labelNames: ['source', 'format', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'shim_ingest_duration_seconds',
    help: 'From the headers of a webhook until its answer was ready: accepted ones, and those that the store did not take.',
    buckets: SECONDS,
    registers,
  });

  return {
    source: (name) => {
      const series = (format: string, outcome: IngestOutcome) => {
        // Each series is there from the start: a rate over one that appears with its first event misses that event.
        webhooks.inc({ source: name, format, outcome }, 0);
        return webhooks.labels(name, format, outcome);
      };
      const accepted = new Map(FORMATS.map((format) => [format, series(format, 'accepted')]));
      const others = new Map<IngestOutcome, { inc(): void }>(
        INGEST_OUTCOMES.filter((outcome) => outcome !== 'accepted').map((outcome) => [
          outcome,
          series('unknown', outcome),
        ]),
      );
      return (outcome, format, duration) => {
        const counter = format === null ? others.get(outcome) : accepted.get(format);
        counter?.inc();
        if (outcome === 'accepted' || outcome === 'not_stored') durations.observe(duration);
      };
    },
    text: () => registry.metrics(),
  };
}
