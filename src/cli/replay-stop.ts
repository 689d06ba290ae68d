import { ShimError } from '../errors.js';
import type { ReplayChoice } from '../migration/replay.js';
import type { Page } from '../migration/replayable.js';
import type { ReplayableEvent } from '../store/rows.js';
import type { Io } from './io.js';
import type { periodOf } from './list-options.js';
import type { JsonOption } from './options.js';
import { stopFlag } from './stop-flag.js';
import { isoTime, shellWord } from './text.js';

/**
 * The pages, until it is asked to stop. A period can begin between two times of arrival alone: of the time that was
 * reached all is handed out. Events that are named are a single page, and are too.
 *
 * @param onLeft is told of the first event that is left
 */
export async function* untilStopped(
  pages: AsyncIterable<Page>,
  { of }: ReplayChoice,
  io: Pick<Io, 'stopRequested'>,
  onLeft: (event: ReplayableEvent) => void,
): AsyncGenerator<Page> {
  const isStopped = stopFlag(io);
  let reached: number | null = null;
  for await (const page of pages) {
    const at = reached;
    const end =
      isStopped() && of !== 'named'
        ? page.findIndex(({ receivedAt }) => of === 'dead' || receivedAt !== at)
        : -1;
    yield end === -1 ? page : page.slice(0, end);
    const left = end === -1 ? undefined : page[end];
    if (left !== undefined) return onLeft(left);
    reached = page.at(-1)?.receivedAt ?? null;
  }
}

/**
 * Says what to type to go on: begun again as it was, it would send once more what has arrived meanwhile. The times are
 * those of the beginning, for "an hour ago" is another one by now. Of dead letters those that still are one are found by
 * beginning anew.
 */
export function interrupted(left: ReplayableEvent, { choice, period, options, program }: Typed): ShimError {
  const { of, from, to } = choice;
  const given: readonly (readonly [string, string | null | undefined])[] = [
    ['--status', of === 'dead' ? 'dead' : null],
    ['--since', timeText(of === 'dead' ? period.since : left.receivedAt)],
    ['--until', timeText(period.until)],
    ['--from', from],
    ['--to', to],
  ];
  const words = given.flatMap(([name, value]) => (value == null ? [] : [name, shellWord(value)]));
  const command = [program, 'replay', ...words, ...(options.json === true ? ['--json'] : [])].join(' ');
  return new ShimError('shutting_down', `interrupted; to go on:\n  ${command}`);
}

interface Typed {
  readonly choice: ReplayChoice;
  readonly period: ReturnType<typeof periodOf>;
  readonly options: JsonOption;
  readonly program: string;
}

const timeText = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : isoTime(time);
