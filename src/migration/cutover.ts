import { ageText, durationText } from './duration-text.js';

type ObstacleCode =
  | 'too_few_matched'
  | 'differences'
  | 'quarantine'
  | 'dead_letters'
  | 'legacy_only'
  | 'watched_too_briefly';

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
  /** Since when it is known what came; null: nothing ever came. */
  readonly watchedSince: number | null;
}

export interface CutoverFacts {
  /** Every configured source, one that nothing came from as well. */
  readonly sources: readonly SourceFacts[];
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
  const obstacles = facts.sources.flatMap((source) => judgeSource(source, rules, now));
  // Nothing seen is no proof of anything.
  if (facts.sources.length === 0) obstacles.push(...tooFew(null, 0, Math.max(1, rules.matched)));
  return [...obstacles, ...leftBehind(null, facts.others)];
}

function judgeSource(facts: SourceFacts, rules: CutoverRules, now: number): readonly Obstacle[] {
  const { source, matched, different, lastLegacyOnlyAt } = facts;
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
  if (lastLegacyOnlyAt !== null && now - lastLegacyOnlyAt < rules.quietFor) {
    const ago = ageText(now - lastLegacyOnlyAt);
    obstacles.push({
      source,
      code: 'legacy_only',
      message: `the legacy format alone brought a file ${ago} ago; there must be none for ${durationText(rules.quietFor)}`,
      command: 'webhook-shim parity --state legacy_only',
    });
  }
  return [...obstacles, ...tooBriefly(facts, rules, now)];
}

/** Where nobody has listened for long enough, silence proves nothing. */
function tooBriefly(
  { source, watchedSince }: SourceFacts,
  { quietFor }: CutoverRules,
  now: number,
): readonly Obstacle[] {
  if (watchedSince !== null && now - watchedSince >= quietFor) return [];
  const watched =
    watchedSince === null ? 'no webhook has come yet' : `watched for ${ageText(now - watchedSince)} only`;
  return [
    {
      source,
      code: 'watched_too_briefly',
      message: `${watched}; it takes ${durationText(quietFor)} to know that nothing comes in the legacy format alone`,
      command: 'webhook-shim stats',
    },
  ];
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
