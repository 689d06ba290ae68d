import type { Difference } from '../migration/diff.js';
import { durationText } from '../migration/duration-text.js';
import type { ExplainedEntry } from '../migration/explain.js';
import { type ParityState, seenAt } from '../migration/parity.js';
import type { ParitySummary, ParityTotals } from '../migration/parity-summary.js';
import { type Column, table } from './table.js';
import { isoSeconds, isoTime, isoTimeOrNull } from './text.js';

/** The parity ledger as people and programs read it. */
export interface Parity {
  readonly summary: ParitySummary;
  /** Those that were asked for, the newest first. */
  readonly files: readonly ExplainedEntry[];
  /** How many are not listed. */
  readonly more: number;
  /** See `Ledger`. */
  readonly cutBefore: number | null;
}

const STATE_TEXT: Readonly<Record<ParityState, string>> = {
  matched: 'the same in both formats',
  legacy_only: 'of the legacy format alone',
  new_only: 'of the new format alone',
  different: 'different',
};

type Line = ParityTotals & { readonly source: string };

const lag = (of: 'p50' | 'p99' | 'max') => (line: Line) =>
  line.lag === null ? null : durationText(line.lag[of]);

const summaryColumns: readonly Column<Line>[] = [
  { title: 'source', value: (line) => line.source },
  { title: 'matched', value: (line) => line.states.matched },
  { title: 'legacy only', value: (line) => line.states.legacy_only },
  { title: 'new only', value: (line) => line.states.new_only },
  { title: 'different', value: (line) => line.states.different },
  { title: 'waiting', value: (line) => line.waiting },
  { title: 'lag p50', value: lag('p50') },
  { title: 'lag p99', value: lag('p99') },
  { title: 'lag max', value: lag('max') },
];

const fileColumns: readonly Column<ExplainedEntry>[] = [
  { title: 'seen', value: (file) => isoSeconds(seenAt(file)) },
  { title: 'source', value: (file) => file.source },
  { title: 'event', value: (file) => file.event },
  { title: 'state', value: (file) => file.state },
  { title: 'legacy id', value: (file) => file.legacy?.eventId ?? null },
  { title: 'new id', value: (file) => file.new?.eventId ?? null },
  { title: 'lag', value: ({ lag: ms }) => (ms === null ? null : signed(ms)) },
  { title: 'class', value: classText },
];

const differenceColumns: readonly Column<Difference>[] = [
  { title: 'path', value: (difference) => difference.path || '(all of it)' },
  { title: 'difference', value: (difference) => difference.kind },
  { title: 'legacy', value: (difference) => difference.legacy },
  { title: 'new', value: (difference) => difference.new },
];

/** Negative where the new format was first. */
const signed = (ms: number): string => (ms < 0 ? `-${durationText(-ms)}` : durationText(ms));

function classText(file: ExplainedEntry): string | null {
  if (file.state !== 'different') return null;
  return file.class ?? 'unreadable';
}

/** @param state what was asked for */
export function parityText({ summary, files }: Parity, state: ParityState | undefined): string {
  const all = summary.sources.length > 1 ? [{ ...summary, source: '(all)' }] : [];
  const differences = files.filter((file) => file.differences !== null).map(differencesText);
  const none = state === undefined ? verdictText(summary) : `No file is ${STATE_TEXT[state]}.\n`;
  return [
    table(summaryColumns, [...summary.sources, ...all]),
    files.length === 0 ? none : table(fileColumns, files),
    ...differences,
    ...oneSided(summary),
  ].join('\n');
}

function oneSided({ states }: ParitySummary): readonly string[] {
  if (states.matched + states.different > 0 || states.legacy_only > 0 === states.new_only > 0) return [];
  const [one, other] = states.legacy_only > 0 ? ['legacy', 'new'] : ['new', 'legacy'];
  return [`So far only the ${one} format came: switch on the ${other} one at the vendor beside it.\n`];
}

function verdictText({ states, waiting }: ParitySummary): string {
  if (states.matched === 0)
    return 'Nothing is settled yet: files that came a moment ago wait for the other format.\n';
  const others = waiting > 0 ? ' that is not waiting for the other format' : '';
  return `Every file${others} came the same in both formats.\n`;
}

function differencesText(file: ExplainedEntry): string {
  const head = `Event ${file.legacy?.eventId} (legacy) and event ${file.new?.eventId} (new)\n`;
  const differences = file.differences ?? [];
  if (differences.length === 0) return `${head}no difference in what is stored\n`;
  return head + table(differenceColumns, differences);
}

const totalsJson = ({ states, waiting, lag: ms, lastLegacyOnlyAt }: ParityTotals) => ({
  matched: states.matched,
  legacyOnly: states.legacy_only,
  newOnly: states.new_only,
  different: states.different,
  /** Seen in one format alone, within the last minute. */
  waiting,
  lagMs: ms,
  lastLegacyOnlyAt: isoTimeOrNull(lastLegacyOnlyAt),
});

const sideJson = (side: ExplainedEntry['legacy']) =>
  side === null ? null : { event: side.eventId, receivedAt: isoTime(side.at) };

export const parityJson = ({ summary, files, more, cutBefore }: Parity) => ({
  ...totalsJson(summary),
  sources: summary.sources.map(({ source, ...totals }) => ({ source, ...totalsJson(totals) })),
  files: files.map((file) => ({
    source: file.source,
    event: file.event,
    state: file.state,
    seenAt: isoTime(seenAt(file)),
    legacy: sideJson(file.legacy),
    new: sideJson(file.new),
    lagMs: file.lag,
    /** order, number, value, missing or extra; null where the file is not different, or can no longer be read. */
    class: file.class,
    differences: file.differences,
  })),
  /** How many more there are. */
  more,
  /** Where not all of the period could be held: since when this is complete. */
  completeSince: isoTimeOrNull(cutBefore),
});
