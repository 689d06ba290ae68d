import { describe, expect, it } from 'vitest';
import {
  type CutoverFacts,
  judgeCutover,
  type SourceFacts,
  watchedFor,
} from '../../src/migration/cutover.js';

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const rules = { matched: 50, quietFor: 24 * HOUR };

const good: SourceFacts = {
  source: 'extracta',
  matched: 50,
  different: { harmless: 0, harmful: 0 },
  quarantined: 0,
  deadLetters: 0,
  lastLegacyOnlyAt: null,
  legacyOnlyBeside: 0,
  watchedSince: NOW - 24 * HOUR,
  firstNewAt: NOW - 48 * HOUR,
  lastNewAt: NOW,
};
const judge = (change: Partial<SourceFacts> = {}, facts: Partial<CutoverFacts> = {}) =>
  judgeCutover(
    {
      sources: [{ ...good, ...change }],
      keptFor: 720 * HOUR,
      upTimes: [{ from: 0, to: NOW }],
      unconverted: { count: 0, oldestAt: null },
      others: { quarantined: 0, deadLetters: 0 },
      ...facts,
    },
    rules,
    NOW,
  );

describe('judgeCutover', () => {
  it('finds nothing against a cutover that is safe', () => {
    expect(judge()).toEqual([]);
    expect(judge({ lastLegacyOnlyAt: NOW - 24 * HOUR })).toEqual([]);
    expect(judge({ matched: 30, different: { harmless: 20, harmful: 0 } })).toEqual([]);
  });

  it.each<[string, Partial<SourceFacts>, string, string, string]>([
    [
      'too few matched',
      { matched: 40, different: { harmless: 9, harmful: 0 } },
      'too_few_matched',
      '49 files are the same in both formats; there must be 50',
      'webhook-shim parity',
    ],
    [
      'differences',
      { different: { harmless: 2, harmful: 1 } },
      'differences',
      '1 file is not the same in both formats; 2 more in order or number spelling alone',
      'webhook-shim parity --state different',
    ],
    [
      'differences alone',
      { different: { harmless: 0, harmful: 2 } },
      'differences',
      '2 files are not the same in both formats',
      'webhook-shim parity --state different',
    ],
    [
      'quarantine of several',
      { quarantined: 2 },
      'quarantine',
      '2 webhooks are in quarantine',
      'webhook-shim quarantine list',
    ],
    [
      'quarantine',
      { quarantined: 1 },
      'quarantine',
      '1 webhook is in quarantine',
      'webhook-shim quarantine list',
    ],
    [
      'a dead letter',
      { deadLetters: 1 },
      'dead_letters',
      '1 delivery is a dead letter',
      'webhook-shim deliveries list --status dead',
    ],
    [
      'dead letters',
      { deadLetters: 3 },
      'dead_letters',
      '3 deliveries are dead letters',
      'webhook-shim deliveries list --status dead',
    ],
    [
      'legacy-only traffic',
      { lastLegacyOnlyAt: NOW - 24 * HOUR + 1 },
      'legacy_only',
      'the legacy format alone brought a file 23h 59m ago; there must be none for 1d',
      'webhook-shim parity --state legacy_only',
    ],
    [
      'that it was watched too briefly',
      { watchedSince: NOW - 2 * HOUR },
      'watched_too_briefly',
      'watched for 2h only; it takes 1d to know that nothing comes in the legacy format alone',
      'webhook-shim stats',
    ],
    [
      'that the new format has ended',
      { watchedSince: NOW - 99 * HOUR, lastNewAt: NOW - 97 * HOUR },
      'watched_too_briefly',
      'watched for 2h only, until the last webhook in the new format; it takes 1d to know that nothing comes in the legacy format alone',
      'webhook-shim stats',
    ],
    [
      'legacy-only traffic before which the new format had ended',
      { watchedSince: NOW - 99 * HOUR, lastLegacyOnlyAt: NOW - 48 * HOUR, lastNewAt: NOW - 72 * HOUR },
      'legacy_only',
      'the legacy format alone brought a file 2d ago, and the new format has come for 0s since; there must be none for 1d',
      'webhook-shim parity --state legacy_only',
    ],
    [
      'that the new format never came',
      { lastNewAt: null },
      'watched_too_briefly',
      'no webhook has come in the new format yet; it takes 1d to know that nothing comes in the legacy format alone',
      'webhook-shim stats',
    ],
    [
      'that nothing came yet',
      { watchedSince: null },
      'watched_too_briefly',
      'no webhook has come yet; it takes 1d to know that nothing comes in the legacy format alone',
      'webhook-shim stats',
    ],
  ])('tells %s and the command that shows it', (_name, change, code, message, command) => {
    expect(judge(change)).toEqual([{ source: 'extracta', code, message, command }]);
  });

  it('tells every reason, of every source', () => {
    const bad = { ...good, matched: 0, quarantined: 2, lastLegacyOnlyAt: NOW, source: 'other' };
    const found = judge({}, { sources: [good, bad, { ...good, source: 'third', deadLetters: 1 }] });
    expect(found.map(({ source, code }) => [source, code])).toEqual([
      ['other', 'too_few_matched'],
      ['other', 'quarantine'],
      ['other', 'legacy_only'],
      ['third', 'dead_letters'],
    ]);
  });

  it('counts what is left of sources that are no longer configured', () => {
    const found = judge({}, { others: { quarantined: 1, deadLetters: 1 } });
    expect(found.map(({ source, code }) => [source, code])).toEqual([
      [null, 'quarantine'],
      [null, 'dead_letters'],
    ]);
  });

  it('takes what is not converted for unknown, once that takes longer than it should', () => {
    const waiting = (oldestAt: number) => judge({}, { unconverted: { count: 2, oldestAt } });
    expect(waiting(NOW - 59_999)).toEqual([]);
    expect(waiting(NOW - 60_000)).toHaveLength(1);
    expect(waiting(NOW - 2 * HOUR)).toEqual([
      {
        source: null,
        code: 'not_converted',
        message: '2 webhooks are not converted yet, the first for 2h',
        command: 'webhook-shim stats',
      },
    ]);
  });

  it('does not count the time in which no webhook could come in', () => {
    const upTimes = [
      { from: 0, to: NOW - 30 * HOUR },
      { from: NOW - 9 * HOUR, to: NOW },
    ];
    expect(judge({ watchedSince: NOW - 45 * HOUR }, { upTimes })).toEqual([]);
    expect(judge({ watchedSince: NOW - 44 * HOUR }, { upTimes })).toMatchObject([
      {
        code: 'watched_too_briefly',
        message:
          'watched for 23h only, not counting 21h in which no webhook could come in; it takes 1d to know that nothing comes in the legacy format alone',
      },
    ]);
    const lastLegacyOnlyAt = NOW - 40 * HOUR;
    expect(judge({ watchedSince: NOW - 99 * HOUR, lastLegacyOnlyAt }, { upTimes })).toMatchObject([
      {
        code: 'legacy_only',
        message:
          'the legacy format alone brought a file 1d 16h ago, and the new format has come for 19h since, not counting 21h in which no webhook could come in; there must be none for 1d',
      },
    ]);
  });

  it('does not count on a clock that was ahead', () => {
    expect(judge({ lastNewAt: NOW + HOUR, watchedSince: NOW - 23 * HOUR })).toMatchObject([
      { code: 'watched_too_briefly' },
    ]);
  });

  it('takes nothing seen for no proof, whatever is asked for', () => {
    const nothing = { ...good, matched: 0, watchedSince: null, lastNewAt: null };
    const facts = {
      sources: [nothing, { ...nothing, source: 'legacy-alone', watchedSince: NOW - 99 * HOUR }],
      keptFor: 720 * HOUR,
      upTimes: [{ from: 0, to: NOW }],
      unconverted: { count: 0, oldestAt: null },
      others: { quarantined: 0, deadLetters: 0 },
    };
    const asked = { matched: 0, quietFor: 0 };
    expect(judgeCutover(facts, asked, NOW)).toMatchObject([
      { source: 'extracta', code: 'watched_too_briefly' },
      { source: 'legacy-alone', code: 'watched_too_briefly' },
    ]);
    expect(facts.sources.map((source) => watchedFor(source, facts.upTimes, NOW))).toEqual([0, 0]);
    expect(judgeCutover({ ...facts, sources: [] }, asked, NOW)).toMatchObject([
      { source: null, message: '0 files are the same in both formats; there must be 1' },
    ]);
    expect(judge({}, { sources: [] })).toMatchObject([
      { source: null, message: '0 files are the same in both formats; there must be 50' },
    ]);
  });
});
