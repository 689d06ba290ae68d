import { type Command, InvalidArgumentError, Option } from 'commander';
import { ShimError } from '../errors.js';
import { newBody } from '../formats/forward.js';
import { eventColumns, eventDetailJson, eventJson, eventText } from './event-view.js';
import type { ExitStatus, Io, Run } from './io.js';
import {
  onlyGiven,
  type PageOptions,
  type PeriodOptions,
  periodOf,
  printPage,
  withPage,
  withPeriod,
} from './list-options.js';
import { checkEvent, checkNumber, checkSource } from './names.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { jsonDocument } from './text.js';
import { configOf, withStore, withStoreIfAny } from './with-store.js';

interface ListOptions extends ConfigOption, JsonOption, PageOptions, PeriodOptions {
  readonly source?: string;
  readonly event?: string;
}

interface ShowOptions extends ConfigOption, JsonOption {
  readonly body?: boolean;
}

export function addEvents(program: Command, run: Run): void {
  const events = program.command('events').description('what came, as new-format events');

  const list = events
    .command('list')
    .description('events, the newest first')
    .option('--source <name>', 'only of this source')
    .option('--event <name>', 'only of this name, such as extraction.failed')
    .action((options: ListOptions) => run((io) => listEvents(options, io)));
  withExamples(
    withJson(withConfig(withPeriod(withPage(list)))),
    'webhook-shim events list --since 2h',
    'webhook-shim events list --event extraction.failed --json',
  );

  const show = events
    .command('show')
    .description('one event: its fields, its deliveries, its body')
    .argument('<event>', 'its number, or its webhook-id (evt_…: the newest of those that share it)', eventRef)
    .addOption(new Option('--body', 'print the forwarded body alone, to the byte').conflicts('json'))
    .action((ref: number | string, options: ShowOptions) => run((io) => showEvent(ref, options, io)));
  withExamples(
    withJson(withConfig(show)),
    'webhook-shim events show 12',
    'webhook-shim events show 12 --body > body.json',
  );
}

/** An event's number, or its `webhook-id`. */
export function eventRef(text: string): number | string {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  if (/^evt_[\w-]+$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a number, or a webhook-id that starts with evt_.');
}

async function listEvents(options: ListOptions, io: Io): Promise<ExitStatus> {
  const { source, event, limit, before } = options;
  const filter = { ...periodOf(options, io.now()), ...onlyGiven({ source, event, before }) };
  const rows = await withStoreIfAny(options, io, async (store, config) => {
    await checkSource(source, store, config, '--source');
    await checkEvent(event, store, config, '--event');
    const found = (await store?.listEvents({ ...filter, limit })) ?? [];
    if (found.length === 0) await checkNumber('event', before, store?.getEvent.bind(store));
    return found;
  });
  const none = (): string => (Object.keys(filter).length > 0 ? 'No such events.' : noEvents(options, io));
  printPage(rows, { name: 'events', json: eventJson, columns: eventColumns, none }, options, io);
  return 0;
}

function noEvents(options: ConfigOption, io: Io): string {
  const { server, sources } = configOf(options, io).config;
  const { host, port } = server;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}${sources[0]?.path ?? '/'}`;
  return `No events yet. Point the vendor at ${url} (by the name it knows this machine by), or try: ${io.program} send ${url}\nWhat came and could not be converted: ${io.program} quarantine list`;
}

async function showEvent(ref: number | string, options: ShowOptions, io: Io): Promise<ExitStatus> {
  return withStore<ExitStatus>(options, io, 'read', async (store) => {
    const event = await store.getEvent(ref);
    if (event === null) throw new ShimError('not_found', `there is no event ${ref}`);
    if (options.body === true) io.stdout.write(newBody(event));
    else io.stdout.write(options.json === true ? jsonDocument(eventDetailJson(event)) : eventText(event));
    return 0;
  });
}
