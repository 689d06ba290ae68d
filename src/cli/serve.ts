import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { dotEnvFile } from '../config/load.js';
import { UsageError } from '../errors.js';
import { isShared } from '../store/open.js';
import type { ExitStatus, Io, Run } from './io.js';
import { type ConfigOption, withConfig, withExamples } from './options.js';
import { reloadOnRequest, savedState } from './reload.js';
import { configFile, configOf } from './with-store.js';

interface ServeOptions extends ConfigOption {
  readonly role: 'all' | 'ingest' | 'work';
  readonly migrate: boolean;
}

export function addServe(program: Command, run: Run): void {
  const command = program
    .command('serve')
    .description('receive, store and forward webhooks; SIGTERM drains and exits 0')
    .addOption(
      new Option('--role <role>', 'which half to run (ingest and work need PostgreSQL)')
        .choices(['all', 'ingest', 'work'])
        .default('all'),
    )
    .option('--no-migrate', 'refuse an old schema instead of bringing it up to date')
    .action((options: ServeOptions) => run((io) => serve(options, io)));
  withExamples(
    withConfig(command),
    'webhook-shim serve',
    'webhook-shim serve --config /etc/shim.yaml',
    'webhook-shim serve --role ingest',
  );
}

async function serve(options: ServeOptions, io: Io): Promise<ExitStatus> {
  const watched = [resolve(io.cwd, configFile(options, io)), dotEnvFile(io.cwd)].map((name) => ({
    file: name,
    saved: savedState(name),
  }));
  const { config, file, warnings } = configOf(options, io);
  if (options.role !== 'all' && !isShared(config.store.url)) {
    throw new UsageError(
      'usage',
      `--role ${options.role} needs a store that several processes can serve: one process serves a file. Name a PostgreSQL database in store.url, or leave --role out to run both halves`,
    );
  }
  // Loaded here and not above: no other command should wait for it.
  const [{ createShim }, { createLog }] = await Promise.all([
    import('../app.js'),
    import('../telemetry/log.js'),
  ]);
  const log = createLog(config.log);
  for (const warning of warnings) log.warn(warning);
  const stop = io.stopRequested();
  const { role, migrate } = options;
  const shim = createShim(config, { cwd: io.cwd, log, role, migrate });
  const started = shim.start();
  const stopReloading = reloadOnRequest(shim, started, file, watched, () => configOf(options, io), io, log);
  try {
    await started;
    await Promise.race([stop, shim.ended]);
  } finally {
    stopReloading();
    await shim.stop();
  }
  return 0;
}
