import type { UpTime } from '../store/up-times.js';
import { ageText, durationText } from './duration-text.js';
import { SETTLED_AFTER } from './parity-summary.js';
import { covered } from './up-times.js';

type ObstacleCode =
  | 'too_few_matched'
  | 'differences'
  | 'quarantine'
  | 'dead_letters'
  | 'legacy_only'
  | 'watched_too_briefly'
  | 'not_converted';

/** A reason not to switch the vendor to the new format yet. */
export interface Obstacle {
  /** Null where it belongs to none of the sources that are configured. */
  readonly source: string | null;
  readonly code: ObstacleCode;
  /** One line, for a person. */
  readonly message: string;
  /** The command that shows it. */
  readonly command: string;
}

/** What the store knows of one source. Counts are of files, but those of quarantine (webhooks) and dead letters (deliveries). */
export interface SourceFacts {
  readonly source: string;
  /** The same in both formats. */
  readonly matched: number;
  readonly different: {
    /** In the order of arrays or the spelling of numbers alone: explained, and as good as matched. */
    readonly harmless: number;
    /** In anything else, and where a side can no longer be read. */
    readonly harmful: number;
  };
  readonly quarantined: number;
  readonly deadLetters: number;
  /** When something came last that only legacy brought, without what may still come in the new format; null: never. */
  readonly lastLegacyOnlyAt: number | null;
  /** Files that legacy alone brought since the new format came first, however long ago. */
  readonly legacyOnlyBeside: number;
  /** Since when it is known what came; null: nothing ever came. */
  readonly watchedSince: number | null;
  /** When the first and the last webhook in the new format came; null: none ever did. */
  readonly firstNewAt: number | null;
  readonly lastNewAt: number | null;
}

export interface CutoverFacts {
  /** Every configured source, one that nothing came from as well. */
  readonly sources: readonly SourceFacts[];
  /** Milliseconds: of what came before them nothing is stored, as `store.retention` says. */
  readonly keptFor: number;
  /** When webhooks could come in, in order. */
  readonly upTimes: readonly UpTime[];
  /** Webhooks of any source that wait for conversion, and when the first of them came; null: none waits. */
  readonly unconverted: { readonly count: number; readonly oldestAt: number | null };
  /** What is left of sources that the configuration no longer names. */
  readonly others: { readonly quarantined: number; readonly deadLetters: number };
}

export interface CutoverRules {
  /** So many must be the same in both formats, of each source. */
  readonly matched: number;
  /** Milliseconds without anything that legacy alone brought. */
  readonly quietFor: number;
}

/** Whether the vendor can be switched to the new format: every reason against it, none where it is safe. */
export function judgeCutover(facts: CutoverFacts, rules: CutoverRules, now: number): readonly Obstacle[] {
  const obstacles = facts.sources.flatMap((source) => judgeSource(source, facts, rules, now));
  // Nothing seen is no proof of anything.
  if (facts.sources.length === 0) obstacles.push(...tooFew(null, 0, Math.max(1, rules.matched)));
  return [...obstacles, ...notConverted(facts, now), ...leftBehind(null, facts.others)];
}

/**
 * What a person should know of a cutover that is safe by the rules: where the vendor was switched for some extractions
 * first, one that comes by the week has been quiet for a day in any case.
 */
export function doubtsAbout(
  { sources }: Pick<CutoverFacts, 'sources'>,
  now: number,
): readonly Pick<Obstacle, 'source' | 'message' | 'command'>[] {
  return sources.flatMap(({ source, legacyOnlyBeside: count, lastLegacyOnlyAt, firstNewAt }) =>
    count === 0 || lastLegacyOnlyAt === null || firstNewAt === null
      ? []
      : [
          {
            source,
            message: `${count === 1 ? '1 file' : `${count} files`} came in the legacy format alone while the new one was on, the last ${ageText(now - lastLegacyOnlyAt)} ago: is the new one on by now for all that sends such?`,
            command: `webhook-shim parity --state legacy_only --since ${new Date(firstNewAt).toISOString()}`,
          },
        ],
  );
}

/** What is in them nobody knows. While webhooks come, some always wait, for milliseconds. */
function notConverted({ unconverted: { count, oldestAt } }: CutoverFacts, now: number): readonly Obstacle[] {
  if (oldestAt === null || now - oldestAt < SETTLED_AFTER) return [];
  return [
    {
      source: null,
      code: 'not_converted',
      message: `${count === 1 ? '1 webhook is' : `${count} webhooks are`} not converted yet, the first for ${ageText(now - oldestAt)}`,
      command: 'webhook-shim stats',
    },
  ];
}

/**
 * Milliseconds for which it is known what came. Not against the clock: where the new format brings nothing, as at a
 * weekend or because it was switched off, silence of the legacy format proves nothing; nor does it where nothing could
 * come in.
 */
export function watchedFor(
  { watchedSince, lastNewAt }: Pick<SourceFacts, 'watchedSince' | 'lastNewAt'>,
  upTimes: readonly UpTime[],
  now: number,
): number {
  if (watchedSince === null || lastNewAt === null) return 0;
  return covered(upTimes, watchedSince, Math.min(lastNewAt, now));
}

function judgeSource(
  facts: SourceFacts,
  known: Pick<CutoverFacts, 'upTimes' | 'keptFor'>,
  rules: CutoverRules,
  now: number,
): readonly Obstacle[] {
  const { source, matched, different } = facts;
  const obstacles: Obstacle[] = [...tooFew(source, matched + different.harmless, rules.matched)];
  if (different.harmful > 0) {
    const explained =
      different.harmless === 0 ? '' : `; ${different.harmless} more in order or number spelling alone`;
    obstacles.push({
      source,
      code: 'differences',
      message: `${files(different.harmful)} not the same in both formats${explained}`,
      command: 'webhook-shim parity --state different',
    });
  }
  obstacles.push(...leftBehind(source, facts));
  return [
    ...obstacles,
    ...notQuiet(facts, known.upTimes, rules, now),
    ...tooBriefly(facts, known, rules, now),
  ];
}

function notQuiet(
  facts: SourceFacts,
  upTimes: readonly UpTime[],
  { quietFor }: CutoverRules,
  now: number,
): readonly Obstacle[] {
  const { source, lastLegacyOnlyAt } = facts;
  if (lastLegacyOnlyAt === null) return [];
  const since = { ...facts, watchedSince: lastLegacyOnlyAt };
  const quiet = watchedFor(since, upTimes, now);
  if (quiet >= quietFor) return [];
  const ago = now - lastLegacyOnlyAt;
  const silence =
    ago < quietFor
      ? ''
      : `, and the new format has come for ${ageText(quiet)} since${withoutDown(since, quiet, now)}`;
  return [
    {
      source,
      code: 'legacy_only',
      message: `the legacy format alone brought a file ${ageText(ago)} ago${silence}; there must be none for ${durationText(quietFor)}`,
      command: 'webhook-shim parity --state legacy_only',
    },
  ];
}

/** Where nobody has listened for long enough, silence proves nothing. */
function tooBriefly(
  facts: SourceFacts,
  { upTimes, keptFor }: Pick<CutoverFacts, 'upTimes' | 'keptFor'>,
  { quietFor }: CutoverRules,
  now: number,
): readonly Obstacle[] {
  const { source, watchedSince, lastNewAt } = facts;
  const time = watchedFor(facts, upTimes, now);
  // Also where none is asked for: nothing seen is no proof of anything.
  if (watchedSince !== null && lastNewAt !== null && time >= quietFor) return [];
  // However long it is waited for.
  const never =
    quietFor < keptFor
      ? ''
      : `, and what is older than ${durationText(keptFor)} is removed: let store.retention be longer`;
  return [
    {
      source,
      code: 'watched_too_briefly',
      message: `${watched(facts, time, now, quietFor)}; it takes ${durationText(quietFor)} to know that nothing comes in the legacy format alone${never}`,
      command: 'webhook-shim stats',
    },
  ];
}

function watched(facts: SourceFacts, time: number, now: number, quietFor: number): string {
  const { watchedSince, lastNewAt } = facts;
  if (watchedSince === null) return 'no webhook has come yet';
  if (lastNewAt === null) return 'no webhook has come in the new format yet';
  const ended = now - watchedSince >= quietFor && lastNewAt - watchedSince < quietFor;
  const until = ended ? ', until the last webhook in the new format' : '';
  return `watched for ${ageText(time)} only${until}${withoutDown(facts, time, now)}`;
}

/** @param time for which it was watched */
function withoutDown({ watchedSince, lastNewAt }: SourceFacts, time: number, now: number): string {
  const down = Math.min(lastNewAt ?? 0, now) - (watchedSince ?? now) - time;
  return down <= 0 ? '' : `, not counting ${ageText(down)} in which no webhook could come in`;
}

const tooFew = (source: string | null, agreeing: number, wanted: number): readonly Obstacle[] =>
  agreeing >= wanted
    ? []
    : [
        {
          source,
          code: 'too_few_matched',
          message: `${files(agreeing)} the same in both formats; there must be ${wanted}`,
          command: 'webhook-shim parity',
        },
      ];

function leftBehind(
  source: string | null,
  { quarantined, deadLetters }: Pick<SourceFacts, 'quarantined' | 'deadLetters'>,
): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (quarantined > 0) {
    obstacles.push({
      source,
      code: 'quarantine',
      message: `${quarantined === 1 ? '1 webhook is' : `${quarantined} webhooks are`} in quarantine`,
      command: 'webhook-shim quarantine list',
    });
  }
  if (deadLetters > 0) {
    obstacles.push({
      source,
      code: 'dead_letters',
      message: `${deadLetters === 1 ? '1 delivery is a dead letter' : `${deadLetters} deliveries are dead letters`}`,
      command: 'webhook-shim deliveries list --status dead',
    });
  }
  return obstacles;
}

const files = (count: number): string => (count === 1 ? '1 file is' : `${count} files are`);
