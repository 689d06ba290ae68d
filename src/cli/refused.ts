import type { Command } from 'commander';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { hintAtMore, nextBefore, onlyGiven, type PageOptions, withPage } from './list-options.js';
import { checkSource } from './names.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { addRefusedRetry } from './refused-retry.js';
import { countColumns, countRows, countsJson, DAYS, refusedColumns, refusedJson } from './refused-view.js';
import { table } from './table.js';
import { jsonDocument } from './text.js';
import { withStoreIfAny } from './with-store.js';

interface ListOptions extends ConfigOption, JsonOption, PageOptions {
  readonly source?: string;
}

export function addRefused(program: Command, run: Run): void {
  const refused = program
    .command('refused')
    .description('requests that were refused for their signature: counted by day, the newest as samples');

  const list = refused
    .command('list')
    .description('how many came, of each source and day, and the newest of them')
    .option('--source <name>', 'only of this source')
    .action((options: ListOptions) => run((io) => listRefused(options, io)));
  withExamples(withJson(withConfig(withPage(list))), 'webhook-shim refused list --source extracta');

  addRefusedRetry(refused, run);
}

async function listRefused(options: ListOptions, io: Io): Promise<ExitStatus> {
  const { source, limit, before } = options;
  const query = { limit, ...onlyGiven({ source, before }) };
  const { all, rows } = await withStoreIfAny(options, io, async (store, config) => {
    await checkSource(source, store, config, '--source');
    return {
      all: (await store?.refusedCounts()) ?? [],
      rows: (await store?.listRefused(query)) ?? [],
    };
  });
  const counts = all.filter((each) => source === undefined || each.source === source);
  if (options.json === true) {
    const document = {
      counts: countsJson(counts),
      refused: rows.map(refusedJson),
      nextBefore: nextBefore(rows, options),
    };
    io.stdout.write(jsonDocument(document));
    return 0;
  }
  const days = countRows(counts, io.now());
  const when = `the last ${DAYS} days`;
  writeLine(io.stdout, days.length === 0 ? `Nothing was refused in ${when}.` : `In ${when}:`);
  if (days.length > 0) io.stdout.write(table(countColumns, days));
  if (rows.length > 0) io.stdout.write(`\n${table(refusedColumns, rows)}`);
  hintAtMore(rows, options, io);
  return 0;
}
