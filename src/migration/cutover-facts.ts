import type { Config, SourceConfig } from '../config/config.js';
import { keptFor } from '../retention.js';
import type { LastSeen, Waiting } from '../store/rows.js';
import type { Store } from '../store/store.js';
import type { CutoverFacts, SourceFacts } from './cutover.js';
import { isHarmless } from './diff.js';
import { explain } from './explain.js';
import { readLedger } from './ledger.js';
import type { ParityEntry } from './parity.js';
import { isWaiting, SETTLED_AFTER, summarize } from './parity-summary.js';

/** Differences that are looked at; what comes on top counts as harmful. */
const MOST_EXPLAINED = 1_000;
/** Of what waits so many are counted: where there are more, there are reasons enough. */
const MOST_COUNTED = 1_000_000;

interface Configured {
  readonly store: Pick<Config['store'], 'retention'>;
  readonly sources: readonly Pick<SourceConfig, 'name' | 'dedupWindow'>[];
  readonly destinations: readonly { readonly name: string }[];
}

type Port = Pick<Store, 'listSightings' | 'getEvent' | 'lastSeen' | 'upTimes' | 'waiting'>;

/**
 * What the store knows that speaks for or against the cutover (`judgeCutover`).
 *
 * @param since what came before is left out, but for what is in quarantine and dead letters, which somebody still waits for
 */
export async function cutoverFacts(
  store: Port,
  config: Configured,
  since: number | undefined,
  now: number,
): Promise<CutoverFacts> {
  const { sources, destinations } = config;
  const ledger = await readLedger(store, since === undefined ? {} : { since });
  const summary = summarize(ledger.entries, now - SETTLED_AFTER);
  const different = await differencesBySource(store, ledger.entries);
  const lastSeen = await store.lastSeen();
  // A destination that is gone waits for nothing.
  const names = new Set(destinations.map(({ name }) => name));
  const waiting = await store.waiting(MOST_COUNTED);
  const upTimes = await store.upTimes();
  // Of what was removed nothing is known, be it by a `retention` that was shorter or by hand: the first begins there.
  const limits = [since, ledger.cutBefore, now - keptFor(config), upTimes[0]?.from];
  const dead = waiting.dead.filter(({ destination }) => names.has(destination));

  const facts = sources.map(({ name: source }): SourceFacts => {
    // A row for each secret.
    const newRows = lastSeen.filter((row) => row.source === source && row.format === 'new');
    const firstNewAt = newRows.length === 0 ? null : Math.min(...newRows.map((row) => row.firstAt));
    const totals = summary.sources.find((each) => each.source === source);
    return {
      source,
      matched: totals?.states.matched ?? 0,
      different: different.get(source) ?? { harmless: 0, harmful: 0 },
      quarantined: sum(waiting.quarantined, (row) => row.source === source),
      deadLetters: sum(dead, (row) => row.source === source),
      lastLegacyOnlyAt: totals?.lastLegacyOnlyAt ?? null,
      legacyOnlyBeside: legacyOnlyBeside(source, ledger.entries, firstNewAt, now),
      watchedSince: watchedSince(source, lastSeen, limits),
      firstNewAt,
      lastNewAt: newRows.length === 0 ? null : Math.max(...newRows.map((row) => row.lastAt)),
    };
  });
  const isOther = (row: { readonly source: string }): boolean =>
    !sources.some(({ name }) => name === row.source);
  return {
    sources: facts,
    keptFor: keptFor(config),
    upTimes,
    unconverted: { count: waiting.received, oldestAt: waiting.receivedSince },
    others: { quarantined: sum(waiting.quarantined, isOther), deadLetters: sum(dead, isOther) },
  };
}

async function differencesBySource(
  store: Pick<Store, 'getEvent'>,
  entries: readonly ParityEntry[],
): Promise<ReadonlyMap<string, SourceFacts['different']>> {
  const counts = new Map<string, { harmless: number; harmful: number }>();
  let explained = 0;
  for (const entry of entries) {
    if (entry.state !== 'different') continue;
    const count = counts.get(entry.source) ?? { harmless: 0, harmful: 0 };
    counts.set(entry.source, count);
    explained++;
    const kind = explained > MOST_EXPLAINED ? null : (await explain(store, entry)).class;
    if (kind !== null && isHarmless(kind)) count.harmless++;
    else count.harmful++;
  }
  return counts;
}

/** @param limits before each of which nothing is known: what was asked for, what could be read, what retention has left */
function watchedSince(
  source: string,
  lastSeen: readonly LastSeen[],
  limits: readonly (number | null | undefined)[],
): number | null {
  const firsts = lastSeen.filter((row) => row.source === source).map((row) => row.firstAt);
  if (firsts.length === 0) return null;
  return Math.max(Math.min(...firsts), ...limits.map((limit) => limit ?? Number.NEGATIVE_INFINITY));
}

function legacyOnlyBeside(
  source: string,
  entries: readonly ParityEntry[],
  since: number | null,
  now: number,
): number {
  if (since === null) return 0;
  return entries.filter(
    (entry) =>
      entry.source === source &&
      entry.state === 'legacy_only' &&
      entry.legacy !== null &&
      entry.legacy.lastAt >= since &&
      !isWaiting(entry, now - SETTLED_AFTER),
  ).length;
}

function sum<Row extends Waiting['quarantined'][number]>(
  rows: readonly Row[],
  counts: (row: Row) => boolean,
): number {
  return rows.reduce((total, row) => (counts(row) ? total + row.count : total), 0);
}
