import { Gauge, type Registry } from 'prom-client';
import type { Config } from '../config/config.js';
import type { ParityState } from '../migration/parity.js';
import type { LastSeen, Waiting } from '../store/rows.js';

/** What is read from the store for a page of metrics. */
export interface StoredFacts {
  readonly waiting: Waiting;
  readonly lastSeen: readonly LastSeen[];
  readonly parity: Readonly<Record<ParityState | 'waiting', number>>;
  /** Destinations that get nothing for a while, since they fail. */
  readonly openBreakers: ReadonlySet<string>;
}

/** Of each kind of thing that waits so many are counted at the most. */
export const MOST_COUNTED = 10_000;
/** The parity ledger is looked at so far back, in milliseconds, and no further than so many files. */
export const PARITY_WINDOW = { time: 86_400_000, sightings: 5_000 };

/** Stands for every destination that is in the store and no longer in the configuration. */
const ORPHANED = 'orphaned';

type Named = Pick<Config, 'sources' | 'destinations'>;

/** Gauges of what is stored, which are right directly after a start, since nothing of it is counted here. */
export function createStoredMetrics(registry: Registry): {
  /** @param facts null: nothing is known, so that nothing is told */
  set(facts: StoredFacts | null, config: Named, now: number): void;
} {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
  const upTo = `at most ${MOST_COUNTED} are counted`;
  const backlog = gauge(
    'shim_backlog',
    `Deliveries that are pending, or dead letters; ${upTo} of each status.`,
    ['destination', 'status'],
  );
  const oldest = gauge(
    'shim_oldest_pending_seconds',
    'For how long the first pending delivery has been due; 0 where none is.',
    ['destination'],
  );
  const breaker = gauge('shim_breaker_open', '1 while a destination gets nothing since it fails, else 0.', [
    'destination',
  ]);
  const quarantine = gauge('shim_quarantine', `Webhooks in quarantine; ${upTo}.`, []);
  const parity = gauge(
    'shim_parity_total',
    `Files by what the two formats brought, among the newest ${PARITY_WINDOW.sightings} seen within 24 hours: it goes down as well as up.`,
    ['result'],
  );
  const lastSeen = gauge('shim_last_seen_seconds', 'How long ago the last webhook arrived.', [
    'source',
    'format',
  ]);
  const secretUsed = gauge(
    'shim_secret_last_used_seconds',
    'How long ago a secret last verified a webhook; secret is its place in the list, from 0.',
    ['source', 'secret'],
  );

  const setDestinations = ({ waiting, openBreakers }: StoredFacts, config: Named, now: number): void => {
    const names = new Set(config.destinations.map(({ name }) => name));
    const labelOf = (name: string): string => (names.has(name) ? name : ORPHANED);
    for (const destination of names) {
      for (const status of ['pending', 'dead']) backlog.set({ destination, status }, 0);
      oldest.set({ destination }, 0);
      breaker.set({ destination }, openBreakers.has(destination) ? 1 : 0);
    }
    const overdue = new Map<string, number>();
    for (const { destination: name, count, dueAt } of waiting.pending) {
      const destination = labelOf(name);
      backlog.inc({ destination, status: 'pending' }, count);
      overdue.set(destination, Math.max(now - dueAt, overdue.get(destination) ?? 0));
    }
    for (const [destination, ms] of overdue) oldest.set({ destination }, ms / 1_000);
    for (const { destination, count } of waiting.dead) {
      backlog.inc({ destination: labelOf(destination), status: 'dead' }, count);
    }
  };

  const setSources = (seen: StoredFacts['lastSeen'], { sources }: Named, now: number): void => {
    const ago = (rows: readonly LastSeen[]): number =>
      Math.max(0, now - Math.max(...rows.map(({ lastAt }) => lastAt))) / 1_000;
    for (const { name: source, secrets } of sources) {
      const own = seen.filter((row) => row.source === source);
      for (const format of ['legacy', 'new'] as const) {
        const rows = own.filter((row) => row.format === format);
        if (rows.length > 0) lastSeen.set({ source, format }, ago(rows));
      }
      for (const index of secrets.keys()) {
        const rows = own.filter(({ secretIndex }) => secretIndex === index);
        if (rows.length > 0) secretUsed.set({ source, secret: String(index) }, ago(rows));
      }
    }
  };

  return {
    set: (facts, config, now) => {
      for (const each of [backlog, oldest, breaker, quarantine, parity, lastSeen, secretUsed]) each.reset();
      if (facts === null) {
        // Without labels a gauge would say 0.
        quarantine.remove();
        return;
      }
      setDestinations(facts, config, now);
      setSources(facts.lastSeen, config, now);
      quarantine.set(facts.waiting.quarantined.reduce((sum, { count }) => sum + count, 0));
      for (const [result, count] of Object.entries(facts.parity)) parity.set({ result }, count);
    },
  };
}
