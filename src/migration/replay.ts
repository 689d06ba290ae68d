import type { ReplayableEvent } from '../store/rows.js';

/** What is to be delivered again, and where. */
export interface ReplayChoice {
  /** Events named one by one; those with a dead letter; all that arrived in a period. */
  readonly of: 'named' | 'dead' | 'period';
  /** Only what went to this destination. */
  readonly from: string | null;
  /** Where to; null: to where it went. */
  readonly to: string | null;
}

/**
 * The destinations that an event goes to once more: those that it went to, shadows only where one is named. To one that
 * is named go the events that went anywhere else; named events go there whatever became of them. What repeats another
 * event is left out, but where it is named itself.
 */
export function replayedTo(
  event: Pick<ReplayableEvent, 'duplicateOf' | 'latest'>,
  { of, from, to }: ReplayChoice,
): readonly string[] {
  if (of === 'period' && event.duplicateOf !== null) return [];
  const went = event.latest
    .filter(({ status }) => of !== 'dead' || status === 'dead')
    .filter(({ destination, mode }) => (from === null ? mode === 'live' : destination === from))
    .map(({ destination }) => destination);
  if (to === null) return went;
  const chosen =
    of === 'named' && from === null
      ? true
      : of === 'period' && from === null
        ? went.some((destination) => destination !== to)
        : went.length > 0;
  return chosen ? [to] : [];
}

/**
 * Whether a destination is spared what it has taken before: where a whole lot goes to one that is named, so that a
 * handler gets what it lacks, and a run that was interrupted can be called again.
 */
export const sparesDelivered = ({ of, to }: ReplayChoice): boolean => of !== 'named' && to !== null;
