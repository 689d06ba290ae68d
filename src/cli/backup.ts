import type { Command } from 'commander';
import { ShimError } from '../errors.js';
import { type Backup, backupStore } from '../store/backup.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { createProgress } from './progress.js';
import { bytesText, count, jsonDocument } from './text.js';
import { configOf } from './with-store.js';

interface BackupCommandOptions extends ConfigOption, JsonOption {
  readonly force?: boolean;
}

export function addBackup(program: Command, run: Run): void {
  const command = program
    .command('backup')
    .description(
      'copy all that is stored at this moment into one file, while the service runs; checked before it is there',
    )
    .argument('<file>', 'the copy: made readable to you alone')
    .option('--force', 'replace the file if it is there, once the copy is whole')
    .action((file: string, options: BackupCommandOptions) => run((io) => backup(file, options, io)));
  withExamples(
    withJson(withConfig(command)),
    'webhook-shim backup /backups/shim-monday.db',
    'webhook-shim backup --force /backups/shim.db',
  ).addHelpText(
    'after',
    '\nTo restore: stop the service, move the database away, with the files beside it\nthat end in -wal and -shm, put the copy where store.url says, start.',
  );
}

async function backup(file: string, options: BackupCommandOptions, io: Io): Promise<ExitStatus> {
  const { config } = configOf(options, io);
  const progress = createProgress(io);
  const stop = new AbortController();
  let made: Backup | undefined;
  void io.stopRequested().then(() => {
    // Where nobody reads what was made of it, it is there all the same.
    if (made !== undefined) return;
    stop.abort(new ShimError('shutting_down', 'interrupted: there is no copy'));
    writeLine(io.stderr, 'stopping; nothing of the copy is kept');
  });
  made = await backupStore(config.store.url, file, {
    cwd: io.cwd,
    force: options.force === true,
    signal: stop.signal,
    onProgress: (done) => progress(() => `copied ${Math.floor(done * 100)}%`),
  });
  io.stdout.write(options.json === true ? jsonDocument(made) : backupText(made));
  return 0;
}

const backupText = ({ file, bytes, webhooks, events, deliveries }: Backup): string =>
  `${file}: ${bytesText(bytes)}, checked: ${count(webhooks, 'webhook')}, ${count(events, 'event')}, ${count(deliveries, 'delivery', 'deliveries')}\n`;
