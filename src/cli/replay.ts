import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import type { ReplayChoice } from '../migration/replay.js';
import { pagesOf } from '../migration/replayable.js';
import type { ReplayableEvent } from '../store/rows.js';
import { eventRef } from './events.js';
import { completed } from './gone-along.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { type PeriodOptions, periodOf, withPeriod } from './list-options.js';
import { checkDestination, configuredDestination } from './names.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { namedPage } from './replay-pages.js';
import { planReplay, previewReplay, type Replayed, runReplay } from './replay-run.js';
import { interrupted, untilStopped } from './replay-stop.js';
import { kindOf, replayPrinter } from './replay-view.js';
import { withConvertThread } from './with-convert-thread.js';
import { withStore } from './with-store.js';

interface ReplayOptions extends ConfigOption, JsonOption, PeriodOptions {
  readonly status?: 'dead';
  readonly from?: string;
  readonly to?: string;
  readonly dryRun?: boolean;
}

type Ref = number | string;

export function addReplay(program: Command, run: Run): void {
  const replay = program
    .command('replay')
    .description('deliver events again: each with a delivery of its own, and the same webhook-id')
    .argument('[event...]', 'their numbers, or webhook-ids (evt_…: the newest of those that share it)', refs)
    .addOption(new Option('--status <status>', 'those whose delivery is a dead letter').choices(['dead']))
    .option('--from <destination>', 'only what went to this destination')
    .option(
      '--to <destination>',
      'to this destination, whatever the routing, what it has taken left out (default: once more to where they went)',
    )
    .option('--dry-run', "make no delivery; show what today's code and configuration would send");
  withExamples(
    withJson(withConfig(withPeriod(replay))),
    'webhook-shim replay 12 13',
    'webhook-shim replay --status dead --from billing',
    'webhook-shim replay --since 7d --from billing --dry-run',
    'webhook-shim replay --since 2026-03-01T09:30:00Z --to billing-old --dry-run',
  ).addHelpText(
    'after',
    '\nInterrupted (Ctrl-C), it prints the command that goes on: the same one again\nwould send once more what has arrived. Killed, as by a lost connection, it got\nas far as the event of the newest delivery that "deliveries list" has as\nreplayed.',
  );
  replay.action((events: readonly Ref[], options: ReplayOptions) =>
    run((io) => replayEvents(events, options, io)),
  );
}

const refs = (text: string, before: readonly Ref[] = []): readonly Ref[] => [...before, eventRef(text)];

async function replayEvents(named: readonly Ref[], options: ReplayOptions, io: Io): Promise<ExitStatus> {
  const choice = choiceOf(named, options);
  const period = periodOf(options, io.now());
  const dryRun = options.dryRun === true;
  return withStore<ExitStatus>(options, io, dryRun ? 'read' : 'share', async (store, config) => {
    const to = options.to === undefined ? null : configuredDestination(options.to, config, '--to');
    await checkDestination(options.from, store, config, '--from');
    const print = replayPrinter(options, io);
    const total = { added: 0, spared: 0, failed: 0 };
    const each = (replayed: Replayed): void => {
      total[kindOf(replayed)] += 1;
      print.each(replayed);
    };
    const fail = (message: string): void => {
      total.failed += 1;
      writeLine(io.stderr, message);
    };
    const listed =
      choice.of === 'named'
        ? namedPage(named, store, (ref) => fail(`there is no event ${ref}`))
        : pagesOf(store, { ...period, dead: choice.of === 'dead' });
    const covered = new Set<string>();
    let left: ReplayableEvent | undefined;
    await withConvertThread(config, io, async ({ examine, meets }) => {
      const pages = completed(listed, { choice, config, to, store, meets, fail });
      // A dry run makes nothing, and can be ended at any moment.
      const stoppable = dryRun ? pages : untilStopped(pages, choice, io, (event) => (left = event));
      for await (const page of stoppable) {
        const planned = planReplay(page, { choice, config });
        if (dryRun) await previewReplay(planned, { store, examine, covered }, each);
        else await runReplay(planned, store, io.now(), each);
      }
    });
    print.end(total);
    if (left !== undefined) throw interrupted(left, { choice, period, options, program: io.program });
    return total.failed === 0 ? 0 : 1;
  });
}

function choiceOf(named: readonly Ref[], { status, since, until, from, to }: ReplayOptions): ReplayChoice {
  const hasPeriod = since !== undefined || until !== undefined;
  if (named.length > 0 && (status !== undefined || hasPeriod)) {
    throw new UsageError('usage', 'name events, or choose them by --status and --since, not both');
  }
  if (named.length === 0 && status === undefined && since === undefined) {
    throw new UsageError('usage', 'say which ones: events, or --status dead, or --since TIME');
  }
  const of = named.length > 0 ? 'named' : status === undefined ? 'period' : 'dead';
  return { of, from: from ?? null, to: to ?? null };
}
