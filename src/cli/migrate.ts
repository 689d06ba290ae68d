import type { Command } from 'commander';
import { isShared, migrateStore } from '../store/open.js';
import type { Migration } from '../store/opening.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import {
  type ConfigOption,
  type JsonOption,
  wholeNumber,
  withConfig,
  withExamples,
  withJson,
} from './options.js';
import { jsonDocument } from './text.js';
import { configOf } from './with-store.js';

interface MigrateOptions extends ConfigOption, JsonOption {
  readonly days?: number;
}

/** A partition is a file or two for each table: more than a year of them ahead is a slip of the finger. */
const MOST_DAYS = 400;
const DAYS_AHEAD = 2;

export function addMigrate(program: Command, run: Run): void {
  const command = program
    .command('migrate')
    .description(
      "bring the store's schema up to date, as serve does when it starts; nothing is done twice, however many do it at once",
    )
    .option(
      '--days <number>',
      `PostgreSQL: make the partitions of so many days ahead, for a service that may make none (default: ${DAYS_AHEAD})`,
      wholeNumber(0, MOST_DAYS),
    )
    .action((options: MigrateOptions) => run((io) => migrate(options, io)));
  withExamples(withJson(withConfig(command)), 'webhook-shim migrate', 'webhook-shim migrate --days 30');
}

async function migrate(options: MigrateOptions, io: Io): Promise<ExitStatus> {
  const { config } = configOf(options, io);
  const { url, ...limits } = config.store;
  const now = io.now();
  const done = await migrateStore(url, { ...limits, cwd: io.cwd, now, days: options.days ?? DAYS_AHEAD });
  io.stdout.write(options.json === true ? jsonDocument(done) : `${migrationText(done)}\n`);
  if (options.days !== undefined && options.json !== true && isShared(url)) {
    const last = new Date(now + options.days * 86_400_000).toISOString().slice(0, 10);
    writeLine(io.stdout, `there are partitions until ${last}`);
  }
  return 0;
}

function migrationText({ from, to }: Migration): string {
  if (from === to) return `the store has schema ${to}: nothing to do`;
  return from === 0 ? `made a store with schema ${to}` : `brought the store from schema ${from} to ${to}`;
}
