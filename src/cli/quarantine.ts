import { type Command, Option } from 'commander';
import { ShimError, UsageError } from '../errors.js';
import type { QuarantineReason } from '../model.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { onlyGiven, type PageOptions, printPage, withPage } from './list-options.js';
import { checkSource } from './names.js';
import {
  type ConfigOption,
  type JsonOption,
  rowId,
  rowIds,
  withConfig,
  withExamples,
  withJson,
} from './options.js';
import { addQuarantineRetry, allInQuarantine } from './quarantine-retry.js';
import {
  QUARANTINE_REASONS,
  quarantineColumns,
  quarantineJson,
  webhookJson,
  webhookText,
} from './quarantine-view.js';
import { count, jsonDocument } from './text.js';
import { withStore, withStoreIfAny } from './with-store.js';

interface ListOptions extends ConfigOption, JsonOption, PageOptions {
  readonly reason?: QuarantineReason;
  readonly source?: string;
}

interface ShowOptions extends ConfigOption, JsonOption {
  readonly body?: boolean;
}

interface DiscardOptions extends ConfigOption {
  readonly reason?: QuarantineReason;
  readonly note: string;
}

export function addQuarantine(program: Command, run: Run): void {
  const quarantine = program
    .command('quarantine')
    .description('authentic webhooks that could not be converted: kept until you say what becomes of them');

  const list = quarantine
    .command('list')
    .description('what is in quarantine, the newest first')
    .addOption(new Option('--reason <reason>', 'only for this reason').choices(QUARANTINE_REASONS))
    .option('--source <name>', 'only of this source')
    .action((options: ListOptions) => run((io) => listQuarantine(options, io)));
  withExamples(withJson(withConfig(withPage(list))), 'webhook-shim quarantine list --reason unknown_status');

  const show = quarantine
    .command('show')
    .description('one webhook: why it is there, its raw body, its signature')
    .argument('<id>', 'its number', rowId)
    .addOption(new Option('--body', 'print the raw body alone, to the byte').conflicts('json'))
    .action((id: number, options: ShowOptions) => run((io) => showWebhook(id, options, io)));
  withExamples(
    withJson(withConfig(show)),
    'webhook-shim quarantine show 3',
    'webhook-shim quarantine show 3 --body > body.json',
  );

  addQuarantineRetry(quarantine, run);

  const discard = quarantine
    .command('discard')
    .description('take webhooks out of quarantine for good; they stay stored until retention')
    .argument('[id...]', 'their numbers', rowIds)
    .addOption(
      new Option('--reason <reason>', 'all that are there for this reason').choices(QUARANTINE_REASONS),
    )
    .requiredOption('--note <text>', 'why, for whoever asks later')
    .action((ids: readonly number[], options: DiscardOptions) =>
      run((io) => discardWebhooks(ids, options, io)),
    );
  withExamples(
    withConfig(discard),
    'webhook-shim quarantine discard 3 4 --note "test upload"',
    'webhook-shim quarantine discard --reason no_files --note "nothing in them"',
  );
}

async function listQuarantine(options: ListOptions, io: Io): Promise<ExitStatus> {
  const { reason, source, limit, before } = options;
  const filter = onlyGiven({ reason, source, before });
  const rows = await withStoreIfAny(options, io, async (store, config) => {
    await checkSource(source, store, config, '--source');
    return (await store?.listQuarantine({ ...filter, limit })) ?? [];
  });
  const none = (): string =>
    Object.keys(filter).length > 0 ? 'No such webhooks in quarantine.' : 'Nothing is in quarantine.';
  printPage(
    rows,
    { name: 'quarantine', json: quarantineJson, columns: quarantineColumns, none },
    options,
    io,
  );
  return 0;
}

async function showWebhook(id: number, options: ShowOptions, io: Io): Promise<ExitStatus> {
  return withStore<ExitStatus>(options, io, 'read', async (store) => {
    const webhook = await store.getWebhook(id);
    if (webhook === null) throw new ShimError('not_found', `there is no webhook ${id}`);
    if (options.body === true) io.stdout.write(webhook.body);
    else io.stdout.write(options.json === true ? jsonDocument(webhookJson(webhook)) : webhookText(webhook));
    return 0;
  });
}

async function discardWebhooks(
  given: readonly number[],
  { note: text, ...options }: DiscardOptions,
  io: Io,
): Promise<ExitStatus> {
  const note = text.trim();
  if (note === '') throw new UsageError('usage', '--note is empty: say why the webhooks are discarded');
  if (given.length > 0 === (options.reason !== undefined)) {
    throw new UsageError('usage', 'say which ones: numbers, or --reason REASON');
  }
  return withStore<ExitStatus>(options, io, 'share', async (store) => {
    const ids = given.length > 0 ? given : await allInQuarantine(store, options.reason);
    const discarded = new Set(await store.discardQuarantined(ids, note, io.now()));
    const others = ids.filter((id) => !discarded.has(id));
    writeLine(io.stdout, `${count(discarded.size, 'webhook')} discarded.`);
    for (const id of others) writeLine(io.stderr, `webhook ${id} is not in quarantine`);
    return others.length === 0 ? 0 : 1;
  });
}
