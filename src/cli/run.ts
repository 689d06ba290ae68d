import { Command, CommanderError } from 'commander';
import { messageOf, ShimError, UsageError } from '../errors.js';
import { VERSION } from '../version.js';
import { addBackup } from './backup.js';
import { addCheck } from './check.js';
import { addConvert } from './convert.js';
import { addCopy } from './copy.js';
import { addDeliveries } from './deliveries.js';
import { addDemo } from './demo.js';
import { addDestinations } from './destinations.js';
import { addEvents } from './events.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { addListen } from './listen.js';
import { addMigrate } from './migrate.js';
import type { ConfigOption } from './options.js';
import { addParity } from './parity.js';
import { addPrune } from './prune.js';
import { addQuarantine } from './quarantine.js';
import { addReady } from './ready.js';
import { addRefused } from './refused.js';
import { addReplay } from './replay.js';
import { addSend } from './send.js';
import { addServe } from './serve.js';
import { addStats } from './stats.js';
import { printableLines, shellWord } from './text.js';

/**
 * The command line: arguments in, exit status out. Never rejects; what went wrong is on `stderr`.
 *
 * @param args without the names of the runtime and the program
 */
export async function runCli(args: readonly string[], io: Io): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  let program = io.program;
  const run: Run = async (command) => {
    status = await command({ ...io, program });
  };
  try {
    await createProgram(io, run)
      .hook('preAction', (_, action) => {
        // What a command says to type next must not go to another store. The variable may have been set for this command
        // alone, as where that was typed as it was said.
        const config = action.opts<ConfigOption>().config ?? io.env.SHIM_CONFIG;
        if (config) program = `SHIM_CONFIG=${shellWord(config)} ${io.program}`;
      })
      .parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    return report(error, io);
  }
}

function createProgram(io: Io, run: Run): Command {
  const program = new Command('webhook-shim')
    .description('Receives legacy Extracta.ai webhooks and delivers them in the new format.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 it was tried and failed, 2 wrong usage or configuration.\nNew here? Try: webhook-shim demo',
    );
  for (const add of [
    addServe,
    addCheck,
    addDemo,
    addSend,
    addListen,
    addConvert,
    addEvents,
    addDeliveries,
    addReplay,
    addQuarantine,
    addDestinations,
    addRefused,
    addParity,
    addReady,
    addStats,
    addPrune,
    addBackup,
    addMigrate,
    addCopy,
  ]) {
    add(program, run);
  }
  return program;
}

function report(error: unknown, io: Io): ExitStatus {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const message = printableLines(messageOf(error));
  if (error instanceof ShimError) {
    // The faults of a configuration are a list, each with its place.
    writeLine(io.stderr, error.code === 'config_invalid' ? message : `error: ${message}`);
    return error instanceof UsageError || error.code === 'config_invalid' ? 2 : 1;
  }
  writeLine(io.stderr, `internal error: ${message}`);
  return 1;
}
