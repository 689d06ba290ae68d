import type { Command } from 'commander';
import { sendingTo } from '../convert/route.js';
import { UsageError } from '../errors.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { checkDestination, configuredDestination, refuseConfigured } from './names.js';
import { type ConfigOption, withConfig, withExamples } from './options.js';
import { count } from './text.js';
import { withStore } from './with-store.js';

/** Deliveries in one transaction, between which the service goes on. */
const STEP = 500;

interface DiscardOptions extends ConfigOption {
  readonly note: string;
}

interface MoveOptions extends ConfigOption {
  readonly to: string;
}

/** What becomes of the backlog of a destination that is not configured any more. */
export function addBacklogCommands(destinations: Command, run: Run): void {
  const discard = destinations
    .command('discard')
    .description('give up what waits for a destination that is no longer configured, and its dead letters')
    .argument('<name>', 'the destination that was')
    .requiredOption('--note <text>', 'why, for whoever asks later')
    .action((name: string, options: DiscardOptions) => run((io) => discardBacklog(name, options, io)));
  withExamples(withConfig(discard), 'webhook-shim destinations discard old-crm --note "switched off"');

  const move = destinations
    .command('move')
    .description('hand over what waits for a destination that is no longer configured to another')
    .argument('<name>', 'the destination that was')
    .requiredOption('--to <name>', 'the destination that takes it over; what it has already is left out')
    .action((name: string, options: MoveOptions) => run((io) => moveBacklog(name, options, io)));
  withExamples(withConfig(move), 'webhook-shim destinations move old-crm --to crm');
}

async function discardBacklog(name: string, options: DiscardOptions, io: Io): Promise<ExitStatus> {
  const note = options.note.trim();
  if (note === '') throw new UsageError('usage', '--note is empty: say why the backlog is discarded');
  return withStore<ExitStatus>(options, io, 'share', async (store, config) => {
    refuseConfigured(name, config);
    await checkDestination(name, store, config);
    const request = { destination: name, reason: `discarded: ${note}`, now: io.now(), limit: STEP };
    let total = 0;
    for (let done = STEP; done === STEP; total += done) done = await store.discardBacklog(request);
    writeLine(io.stdout, `${count(total, 'delivery', 'deliveries')} discarded.`);
    return nothingWaited(name, total, io);
  });
}

async function moveBacklog(name: string, options: MoveOptions, io: Io): Promise<ExitStatus> {
  return withStore<ExitStatus>(options, io, 'share', async (store, config) => {
    const target = configuredDestination(options.to, config, '--to');
    refuseConfigured(name, config);
    await checkDestination(name, store, config);
    const request = {
      destination: name,
      to: options.to,
      ...sendingTo(target),
      now: io.now(),
      limit: STEP,
    };
    let moved = 0;
    let spared = 0;
    for (let done = STEP; done === STEP; ) {
      const step = await store.moveBacklog(request);
      done = step.moved + step.spared;
      moved += step.moved;
      spared += step.spared;
    }
    writeLine(io.stdout, `${count(moved, 'delivery', 'deliveries')} moved to ${options.to}.`);
    if (spared > 0) {
      writeLine(io.stdout, `${spared} more were of events that it has already: they are discarded.`);
    }
    return nothingWaited(name, moved + spared, io);
  });
}

function nothingWaited(name: string, total: number, io: Io): ExitStatus {
  if (total > 0) return 0;
  writeLine(io.stderr, `nothing waits for ${name}; see ${io.program} destinations list`);
  return 1;
}
