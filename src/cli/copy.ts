import type { Command } from 'commander';
import { ShimError } from '../errors.js';
import type { CopyReport } from '../store/copy/copy.js';
import { copyBetween } from '../store/copy/open.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { createProgress } from './progress.js';
import { interruptedError } from './stop-flag.js';
import { table } from './table.js';
import { jsonDocument } from './text.js';

interface CopyOptions extends JsonOption {
  readonly from: string;
  readonly to: string;
}

export function addCopy(program: Command, run: Run): void {
  const command = program
    .command('copy')
    .description(
      'move all that a SQLite file holds, what waits included, into an empty PostgreSQL database; goes on where it was when it was interrupted',
    )
    .requiredOption('--from <url>', 'the file, as in store.url')
    .requiredOption('--to <url>', 'the database, as in store.url: its user must be allowed to make tables')
    .action((options: CopyOptions) => run((io) => copy(options, io)));
  withExamples(
    withJson(withConfig(command, 'not used: --from and --to name both stores')),
    'webhook-shim copy --from sqlite:data/shim.db --to postgres://shim@db.internal/shim',
  ).addHelpText(
    'after',
    '\nThe service may run meanwhile: then stop it and run the same command once more,\nfor what has changed. A password is better in PGPASSWORD or ~/.pgpass than in\nthe URL, where others on this machine can read it.',
  );
}

async function copy(options: CopyOptions, io: Io): Promise<ExitStatus> {
  const progress = createProgress(io);
  let stopped = false;
  void io.stopRequested().then(() => {
    stopped = true;
    writeLine(io.stderr, 'stopping after this batch');
  });
  const report = await copyBetween(options, {
    cwd: io.cwd,
    onProgress: (what, name, rows) => {
      if (stopped) throw interruptedError();
      progress(() => `${what} ${rows} rows of ${name}`);
    },
  });
  io.stdout.write(options.json === true ? jsonDocument(report) : reportText(report));
  const differing = report.tables.filter(({ same }) => !same).map((one) => one.table);
  if (differing.length > 0) {
    throw new ShimError(
      'store_corrupt',
      `the copy differs from the source in ${differing.join(', ')}, and no service begins on it: remove its tables and copy again, and look into who wrote there`,
    );
  }
  return 0;
}

function reportText({ from, to, served, tables }: CopyReport): string {
  const rows = table(
    [
      { title: 'table', value: (row) => row.table },
      { title: 'rows', value: (row) => row.source.rows },
      { title: 'copied', value: (row) => row.target.rows },
      { title: 'digest', value: (row) => row.source.digest },
      { title: 'copy', value: (row) => (row.same ? 'the same' : row.target.digest) },
    ],
    tables,
  );
  if (tables.some(({ same }) => !same)) return rows;
  const next = served
    ? `A service goes on with ${from}: stop it and run the same command once more, which takes what has changed.`
    : `All of it is there. Set store.url to ${to}, with its user, and start; do not start on ${from} again.`;
  return `${rows}\n${next}\n`;
}
