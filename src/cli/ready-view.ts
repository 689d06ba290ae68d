import {
  type CutoverFacts,
  doubtsAbout,
  type Obstacle,
  type SourceFacts,
  watchedFor,
} from '../migration/cutover.js';
import { ageText, durationText } from '../migration/duration-text.js';
import type { HandlerFacts, TakeoverObstacle } from '../migration/takeover.js';
import { printable } from '../printable.js';
import { type Column, table } from './table.js';
import { isoTimeOrNull } from './text.js';

const sourceColumns = ({ upTimes }: CutoverFacts, now: number): readonly Column<SourceFacts>[] => {
  const ago = (time: number | null): string | null => (time === null ? null : ageText(now - time));
  return [
    { title: 'source', value: (facts) => facts.source },
    { title: 'matched', value: (facts) => facts.matched },
    { title: 'harmless', value: (facts) => facts.different.harmless },
    { title: 'different', value: (facts) => facts.different.harmful },
    { title: 'quarantine', value: (facts) => facts.quarantined },
    { title: 'dead letters', value: (facts) => facts.deadLetters },
    { title: 'legacy only, ago', value: (facts) => ago(facts.lastLegacyOnlyAt) },
    {
      title: 'watched for',
      value: (facts) => (facts.watchedSince === null ? null : ageText(watchedFor(facts, upTimes, now))),
    },
  ];
};

export function cutoverText(
  facts: CutoverFacts,
  obstacles: readonly Obstacle[],
  now: number,
  program: string,
): string {
  const verdict =
    obstacles.length === 0
      ? `Ready: the vendor can be switched to the new format.\n${lines(doubtsAbout(facts, now), ({ source }) => source ?? '', program)}`
      : `Not ready:\n${lines(obstacles, ({ code, source }) => source ?? (code === 'not_converted' ? '(any source)' : '(not configured)'), program)}`;
  const sources = facts.sources.length === 0 ? '' : `${table(sourceColumns(facts, now), facts.sources)}\n`;
  return sources + verdict;
}

export const cutoverJson = (facts: CutoverFacts, obstacles: readonly Obstacle[], now: number) => ({
  ready: obstacles.length === 0,
  obstacles,
  sources: facts.sources.map(({ lastLegacyOnlyAt, watchedSince, firstNewAt, lastNewAt, ...source }) => ({
    ...source,
    lastLegacyOnlyAt: isoTimeOrNull(lastLegacyOnlyAt),
    watchedSince: isoTimeOrNull(watchedSince),
    firstNewAt: isoTimeOrNull(firstNewAt),
    lastNewAt: isoTimeOrNull(lastNewAt),
    watchedForMs: watchedFor({ watchedSince, lastNewAt }, facts.upTimes, now),
  })),
  unconverted: { count: facts.unconverted.count, oldestAt: isoTimeOrNull(facts.unconverted.oldestAt) },
  /** Of sources that the configuration does not name. */
  others: facts.others,
});

const milliseconds = (value: number | null): string | null => (value === null ? null : durationText(value));

const handlerColumns: readonly Column<HandlerFacts>[] = [
  { title: 'destination', value: ({ name }) => name },
  { title: 'succeeded', value: ({ answers }) => answers.ok },
  { title: 'failed', value: ({ answers }) => answers.failed },
  { title: 'p50', value: ({ p50 }) => milliseconds(p50) },
  { title: 'p99', value: ({ p99 }) => milliseconds(p99) },
];

export function takeoverText(
  candidate: HandlerFacts,
  incumbent: HandlerFacts,
  obstacles: readonly TakeoverObstacle[],
  program: string,
): string {
  const verdict =
    obstacles.length === 0
      ? `Ready: ${candidate.name} can take over from ${incumbent.name}.\n`
      : `Not ready:\n${lines(obstacles, ({ destination }) => destination, program)}`;
  return `${table(handlerColumns, [candidate, incumbent])}\n${verdict}`;
}

export const takeoverJson = (
  candidate: HandlerFacts,
  incumbent: HandlerFacts,
  obstacles: readonly TakeoverObstacle[],
) => ({
  ready: obstacles.length === 0,
  obstacles,
  candidate: handlerJson(candidate),
  incumbent: handlerJson(incumbent),
});

const handlerJson = ({ name, answers, p50, p99, held }: HandlerFacts) => ({
  destination: name,
  ...answers,
  p50Ms: p50,
  p99Ms: p99,
  held,
});

/** `- source: what is wrong`, and below it the command that shows it. */
function lines<Found extends Pick<Obstacle, 'message' | 'command'>>(
  obstacles: readonly Found[],
  name: (obstacle: Found) => string,
  program: string,
): string {
  return obstacles
    .map((obstacle) => {
      const command = obstacle.command.replace(/^webhook-shim/, () => program);
      return `- ${printable(`${name(obstacle)}: ${obstacle.message}`)}\n  see: ${printable(command)}\n`;
    })
    .join('');
}
