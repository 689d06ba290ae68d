import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { UsageError } from '../errors.js';
import { durationText } from '../migration/duration-text.js';
import { keptFor, prune as removeOld } from '../retention.js';
import type { ExitStatus, Io, Run } from './io.js';
import { timeOf } from './list-options.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { createProgress } from './progress.js';
import { count, isoSeconds, isoTime, jsonDocument, sizeText } from './text.js';
import { withStore } from './with-store.js';

interface PruneOptions extends ConfigOption, JsonOption {
  readonly before?: string;
  readonly dryRun?: boolean;
}

/**
 * The service that runs beside waits for the lock that a step holds, some 10 ms, and looks for it every few milliseconds,
 * later ever more seldom: what is left free between two steps has to be as long.
 */
const PAUSE = 20;

export function addPrune(program: Command, run: Run): void {
  const command = program
    .command('prune')
    .description(
      'remove what is over and old now, as the service does every hour: in small steps beside it; what waits stays',
    )
    .option(
      '--before <time>',
      'what arrived before this time: ISO 8601, or how long ago, such as 7d (default: store.retention)',
    )
    .option('--dry-run', 'only tell how many webhooks that would be')
    .action((options: PruneOptions) => run((io) => prune(options, io)));
  withExamples(
    withJson(withConfig(command)),
    'webhook-shim prune',
    'webhook-shim prune --before 7d --dry-run',
  );
}

async function prune(options: PruneOptions, io: Io): Promise<ExitStatus> {
  const dryRun = options.dryRun === true;
  return withStore<ExitStatus>(options, io, dryRun ? 'read' : 'share', async (store, config) => {
    const before = limitOf(options.before, config, io.now());
    const progress = createProgress(io);
    const removed = await removeOld(
      store,
      before,
      async (soFar) => {
        progress(() => `${soFar} webhooks so far`);
        if (!dryRun) await sleep(PAUSE);
        return true;
      },
      { dryRun },
    );
    const { bytes, free } = await store.diskUse();
    const found = { dryRun, before: isoTime(before), webhooks: removed, bytes, freeBytes: free };
    const what = `${count(removed, 'webhook')} that arrived before ${isoSeconds(before)}, with all that was made of them`;
    const text = dryRun
      ? `Would remove ${what}.\n`
      : `Removed ${what}.\nThe database has ${sizeText({ bytes, free })}.\n`;
    io.stdout.write(options.json === true ? jsonDocument(found) : text);
    return 0;
  });
}

/** @throws {UsageError} where what came again would no longer be known for a duplicate */
function limitOf(text: string | undefined, config: Config, now: number): number {
  if (text === undefined) return now - keptFor(config);
  const before = timeOf('--before', text, now);
  const window = Math.max(...config.sources.map(({ dedupWindow }) => dedupWindow));
  if (before <= now - window) return before;
  throw new UsageError(
    'usage',
    `--before ${text}: duplicates are told by what came within ${durationText(window)} (dedupWindow), which therefore stays; name a time before that`,
  );
}
