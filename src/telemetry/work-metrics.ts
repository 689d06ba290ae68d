import { Counter, Histogram, Registry } from 'prom-client';
import type { Config } from '../config/config.js';
import type { AttemptOutcome } from '../model.js';
import { knownEvents, OTHER } from './known-events.js';
import { createStoredMetrics, type StoredFacts } from './stored-metrics.js';

const ATTEMPT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];
/** Up to a day, since a delivery may wait for its retries as long. */
const END_TO_END_SECONDS = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 21_600, 86_400,
];

const OUTCOMES: readonly AttemptOutcome[] = ['delivered', 'retry', 'dead', 'missed'];

/** Times in milliseconds. */
type OnAttempt = (outcome: AttemptOutcome, duration: number, sinceReceived: number) => void;

type MetricsConfig = Pick<Config, 'sources' | 'destinations'>;

/** The work thread's part of the metrics. */
export interface WorkMetrics {
  /** Goes on with another configuration: its names are the labels. */
  configure(config: MetricsConfig): void;
  onEvent(source: string, event: string): void;
  /** @returns what counts the attempts at a destination */
  attempts(destination: string): OnAttempt;
  /** In the text format of Prometheus. @param facts null where the store could not be read: what it tells is left out */
  text(facts: StoredFacts | null, now: number): Promise<string>;
}

export function createWorkMetrics(config: MetricsConfig): WorkMetrics {
  const registry = new Registry();
  const registers = [registry];
  const events = new Counter({
    name: 'shim_events_total',
    help: 'Events made from webhooks, duplicates included.',
    labelNames: ['source', 'event'],
    registers,
  });
  const deliveries = new Counter({
    name: 'shim_deliveries_total',
    help: 'Attempts by what became of their delivery: delivered, retry (failed, to be tried again), dead, or missed (by a shadow).',
    labelNames: ['destination', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'shim_attempt_duration_seconds',
    help: 'How long each attempt took, from the first byte sent to the last of the answer.',
    labelNames: ['destination'],
    buckets: ATTEMPT_SECONDS,
    registers,
  });
  const endToEnd = new Histogram({
    name: 'shim_end_to_end_seconds',
    help: 'From the arrival of a webhook until an event of it was delivered; replays count from the arrival as well.',
    labelNames: ['destination'],
    buckets: END_TO_END_SECONDS,
    registers,
  });
  const stored = createStoredMetrics(registry);
  const eventSeries = new Map<string, ReadonlyMap<string, { inc(): void }>>();
  const attemptSeries = new Map<string, OnAttempt>();
  let current = config;

  const configure: WorkMetrics['configure'] = (next) => {
    current = next;
    const names = [...knownEvents(next), OTHER];
    for (const { name: source } of next.sources) {
      const series = names.map((event) => {
        events.inc({ source, event }, 0);
        return [event, events.labels(source, event)] as const;
      });
      eventSeries.set(source, new Map(series));
    }
  };
  configure(config);

  return {
    configure,
    onEvent: (source, event) => {
      const series = eventSeries.get(source);
      (series?.get(event) ?? series?.get(OTHER))?.inc();
    },
    attempts: (destination) => {
      const known = attemptSeries.get(destination);
      if (known !== undefined) return known;
      const counters = Object.fromEntries(
        OUTCOMES.map((outcome) => {
          deliveries.inc({ destination, outcome }, 0);
          return [outcome, deliveries.labels(destination, outcome)];
        }),
      );
      for (const histogram of [durations, endToEnd]) histogram.zero({ destination });
      const duration = durations.labels(destination);
      const whole = endToEnd.labels(destination);
      const onAttempt: OnAttempt = (outcome, took, sinceReceived) => {
        counters[outcome]?.inc();
        duration.observe(took / 1_000);
        if (outcome === 'delivered') whole.observe(Math.max(0, sinceReceived) / 1_000);
      };
      attemptSeries.set(destination, onAttempt);
      return onAttempt;
    },
    text: async (facts, now) => {
      stored.set(facts, current, now);
      return registry.metrics();
    },
  };
}
