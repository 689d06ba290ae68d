import type { Config } from '../config/config.js';
import { ageText } from '../migration/duration-text.js';
import type { Backlog, DestinationState } from '../store/destination-verbs.js';
import type { Column } from './table.js';
import { isoSeconds, isoTimeOrNull } from './text.js';

/** Destinations as people and programs read them. */
export interface DestinationRow {
  readonly name: string;
  /** `orphaned`: it is not configured any more, and has a backlog. */
  readonly mode: Config['destinations'][number]['mode'] | 'orphaned';
  readonly backlog: number;
  /** Whether there is more than was counted. */
  readonly more: boolean;
  readonly oldestAt: number | null;
  readonly breaker: 'closed' | 'open' | 'half-open' | 'off';
  readonly openUntil: number | null;
  readonly openReason: string | null;
  readonly paused: DestinationState['paused'];
}

/** @param limit where the counting of backlogs ended */
export function destinationRows(
  config: Pick<Config, 'destinations'>,
  states: readonly DestinationState[],
  backlogs: readonly Backlog[],
  { now, limit }: { readonly now: number; readonly limit: number },
): readonly DestinationRow[] {
  const configured = new Map(config.destinations.map((each) => [each.name, each]));
  const orphaned = backlogs.map(({ destination }) => destination).filter((name) => !configured.has(name));
  return [...configured.keys(), ...orphaned].map((name): DestinationRow => {
    const destination = configured.get(name);
    const state = states.find((each) => each.destination === name);
    const backlog = backlogs.find((each) => each.destination === name);
    const openUntil = state?.openUntil ?? null;
    const resting = destination?.breaker.failures === 0 ? 'off' : 'closed';
    return {
      name,
      mode: destination?.mode ?? 'orphaned',
      backlog: Math.min(backlog?.count ?? 0, limit),
      more: (backlog?.count ?? 0) > limit,
      oldestAt: backlog?.oldestAt ?? null,
      breaker: openUntil === null ? resting : openUntil > now ? 'open' : 'half-open',
      openUntil,
      openReason: state?.openReason ?? null,
      paused: state?.paused ?? null,
    };
  });
}

export const destinationColumns = (now: number): readonly Column<DestinationRow>[] => [
  { title: 'destination', value: ({ name }) => name },
  { title: 'mode', value: ({ mode }) => mode },
  { title: 'backlog', value: ({ backlog, more }) => (more ? `${backlog}+` : backlog) },
  { title: 'oldest', value: ({ oldestAt }) => (oldestAt === null ? null : ageText(now - oldestAt)) },
  { title: 'breaker', value: breakerText },
  { title: 'paused since', value: ({ paused }) => (paused === null ? null : isoSeconds(paused.at)) },
  { title: 'why', value: ({ paused, openReason }) => (paused === null ? openReason : pauseText(paused)) },
];

function breakerText({ breaker, openUntil }: DestinationRow): string {
  return breaker === 'open' && openUntil !== null ? `open until ${isoSeconds(openUntil)}` : breaker;
}

function pauseText({ reason, note }: NonNullable<DestinationRow['paused']>): string {
  if (reason === '410') return 'it answered 410 Gone';
  return note === null ? 'by a person' : `by a person: ${note}`;
}

export const destinationJson = (row: DestinationRow) => ({
  name: row.name,
  mode: row.mode,
  backlog: row.backlog,
  backlogIsMore: row.more,
  oldestAt: isoTimeOrNull(row.oldestAt),
  breaker: row.breaker,
  openUntil: isoTimeOrNull(row.openUntil),
  openReason: row.openReason,
  pausedAt: isoTimeOrNull(row.paused?.at ?? null),
  pausedFor: row.paused?.reason ?? null,
  pauseNote: row.paused?.note ?? null,
});
