import type { Command } from 'commander';
import { driftReport } from '../migration/drift-report.js';
import { secretsInUse } from '../migration/secrets.js';
import { NOTHING_WAITS } from '../store/rows.js';
import type { ExitStatus, Io, Run } from './io.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { type Stats, statsJson, statsText } from './stats-view.js';
import { jsonDocument } from './text.js';
import { withStoreIfAny } from './with-store.js';

/** More than so many are not counted: the answer takes the same time whatever the store holds. */
const MOST_COUNTED = 1_000;

type StatsOptions = ConfigOption & JsonOption;

export function addStats(program: Command, run: Run): void {
  const command = program
    .command('stats')
    .description(
      'who was last seen in which format, which secrets are in use, what waits, what was refused, which fields came or went, and the disk',
    )
    .action((options: StatsOptions) => run((io) => stats(options, io)));
  withExamples(withJson(withConfig(command)), 'webhook-shim stats', 'webhook-shim stats --json');
}

async function stats(options: StatsOptions, io: Io): Promise<ExitStatus> {
  const now = io.now();
  const found = await withStoreIfAny(options, io, async (store, config): Promise<Stats> => {
    const lastSeen = (await store?.lastSeen()) ?? [];
    return {
      lastSeen,
      secrets: secretsInUse(config.sources, lastSeen, now),
      waiting: (await store?.waiting(MOST_COUNTED + 1)) ?? NOTHING_WAITS,
      most: MOST_COUNTED,
      refused: (await store?.refusedCounts()) ?? [],
      drift: store === null ? [] : await driftReport(store, now),
      disk: (await store?.diskUse()) ?? null,
      retention: config.store.retention,
    };
  });
  io.stdout.write(options.json === true ? jsonDocument(statsJson(found)) : statsText(found, now, io.program));
  return 0;
}
