import type { Command } from 'commander';
import { printable } from '../printable.js';
import { addBacklogCommands } from './destinations-backlog.js';
import { destinationColumns, destinationJson, destinationRows } from './destinations-view.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { configuredDestination } from './names.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { table } from './table.js';
import { jsonDocument } from './text.js';
import { withStore, withStoreIfAny } from './with-store.js';

/** More than so many are not counted: the answer takes the same time whatever waits. */
const MOST_COUNTED = 100_000;

type ListOptions = ConfigOption & JsonOption;

interface PauseOptions extends ConfigOption {
  readonly note?: string;
}

export function addDestinations(program: Command, run: Run): void {
  const destinations = program
    .command('destinations')
    .description('what waits for each destination, what holds it, and how to change that');

  const list = destinations
    .command('list')
    .description('each destination with its backlog, its breaker, and why it is paused')
    .action((options: ListOptions) => run((io) => listDestinations(options, io)));
  withExamples(withJson(withConfig(list)), 'webhook-shim destinations list');

  const pause = destinations
    .command('pause')
    .description('send it nothing more, on all instances within 2 seconds; what is for it is kept')
    .argument('<name>', 'the destination')
    .option('--note <text>', 'why, for whoever asks later')
    .action((name: string, options: PauseOptions) => run((io) => pauseOne(name, options, io)));
  withExamples(withConfig(pause), 'webhook-shim destinations pause billing --note "they move tonight"');

  const resume = destinations
    .command('resume')
    .description('go on, with all that waits in the order in which it came')
    .argument('<name>', 'the destination')
    .action((name: string, options: ConfigOption) => run((io) => resumeOne(name, options, io)));
  withExamples(withConfig(resume), 'webhook-shim destinations resume billing');

  addBacklogCommands(destinations, run);
}

async function listDestinations(options: ListOptions, io: Io): Promise<ExitStatus> {
  const now = io.now();
  const rows = await withStoreIfAny(options, io, async (store, config) => {
    const states = (await store?.destinationStates()) ?? [];
    const backlogs = (await store?.listBacklogs(MOST_COUNTED + 1)) ?? [];
    return destinationRows(config, states, backlogs, { now, limit: MOST_COUNTED });
  });
  if (options.json === true) io.stdout.write(jsonDocument({ destinations: rows.map(destinationJson) }));
  else if (rows.length === 0) writeLine(io.stdout, 'There are no destinations, and nothing waits for one.');
  else {
    io.stdout.write(table(destinationColumns(now), rows));
    for (const { name, mode } of rows) {
      if (mode === 'orphaned') writeLine(io.stderr, orphanHint(name, io.program));
    }
  }
  return 0;
}

/** Commands to type, with what only a person can say in capitals. */
function orphanHint(orphan: string, program: string): string {
  const name = printable(orphan);
  return [
    `${name} is not configured any more: hand over what waits for it, or give it up`,
    `  ${program} destinations move ${name} --to OTHER`,
    `  ${program} destinations discard ${name} --note TEXT`,
  ].join('\n');
}

async function pauseOne(name: string, options: PauseOptions, io: Io): Promise<ExitStatus> {
  const note = options.note?.trim() || null;
  return withStore<ExitStatus>(options, io, 'share', async (store, config) => {
    configuredDestination(name, config);
    const request = { destination: name, reason: 'operator', note, now: io.now() } as const;
    const paused = await store.pauseDestination(request);
    writeLine(
      io.stdout,
      paused
        ? `${name} is paused: what is for it is kept, until ${io.program} destinations resume ${name}`
        : `${name} was paused before; see ${io.program} destinations list`,
    );
    return 0;
  });
}

async function resumeOne(name: string, options: ConfigOption, io: Io): Promise<ExitStatus> {
  return withStore<ExitStatus>(options, io, 'share', async (store, config) => {
    const { mode } = configuredDestination(name, config);
    const held = await store.resumeDestination(name, io.now());
    writeLine(io.stdout, held ? `${name} goes on.` : `${name} was not held; what waits is due now.`);
    if (mode === 'paused')
      writeLine(io.stderr, `its mode in the configuration is "paused": it gets nothing yet`);
    return 0;
  });
}
