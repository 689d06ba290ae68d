import type { Command } from 'commander';
import type { SourceConfig } from '../config/config.js';
import { type ExamineAll, examineAlone, examineHere } from '../convert/batch.js';
import { createExamine } from '../convert/examine.js';
import { RequestError } from '../errors.js';
import { newBody } from '../formats/forward.js';
import { DEFAULT_STATUSES } from '../formats/legacy.js';
import { formatOf, readRequestBody } from '../formats/request-body.js';
import type { Conversion, Format, StoredWebhook, Verified } from '../model.js';
import { printable, printableJson } from '../printable.js';
import { readText } from './body-source.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { configuredSource } from './names.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { prettyJson } from './pretty-json.js';
import { isBareResult, wrapLegacy } from './request-body.js';
import { jsonDocument } from './text.js';
import { withConvertThread } from './with-convert-thread.js';
import { configOf } from './with-store.js';

interface ConvertOptions extends ConfigOption, JsonOption {
  readonly source?: string;
}

/** As in the configuration that comes with the package. */
const DEFAULT_SOURCE: SourceConfig = {
  name: 'extracta',
  path: '/webhook',
  secrets: [''],
  format: 'auto',
  dedupWindow: 0,
  statuses: DEFAULT_STATUSES,
  inferEdited: false,
  contracts: [],
  keepRefused: 0,
};

export function addConvert(program: Command, run: Run): void {
  const command = program
    .command('convert')
    .description('print, without sending, the events that a request body becomes; no signature is needed')
    .argument('[file]', 'the request body, or only its result; - is standard input', '-')
    .option('--source <name>', 'by the rules of this source of the configuration (default: the first)')
    .action((file: string, options: ConvertOptions) => run((io) => convertBody(file, options, io)));
  withExamples(
    withJson(
      withConfig(command, 'configuration file (default: the built-in rules, unless --source is given)'),
    ),
    'webhook-shim convert body.json',
    'webhook-shim convert --json < body.json',
  );
}

async function convertBody(file: string, options: ConvertOptions, io: Io): Promise<ExitStatus> {
  const source = sourceOf(options, io);
  const text = await readText(file, io);
  const bare = isBareResult(text);
  if (bare) writeLine(io.stderr, 'This is a bare result: taken as the result of a legacy webhook.');
  const outcome = await outcomeOf(bare ? wrapLegacy(text) : text, source, io);
  io.stdout.write(options.json === true ? jsonDocument(outcome) : outcomeText(outcome));
  return outcome.outcome === 'converted' ? 0 : 1;
}

function sourceOf(options: ConvertOptions, io: Io): SourceConfig {
  if (options.config === undefined && options.source === undefined) return DEFAULT_SOURCE;
  const { config } = configOf(options, io);
  const name = options.source ?? config.sources[0]?.name ?? '';
  return configuredSource(name, config, '--source');
}

interface Outcome {
  readonly outcome: 'converted' | 'quarantined' | 'refused';
  readonly format: Format | null;
  readonly reason: string | null;
  readonly errors: readonly string[];
  readonly events: readonly { readonly event: string; readonly webhookId: string; readonly body: string }[];
}

async function outcomeOf(body: string, source: SourceConfig, io: Io): Promise<Outcome> {
  const none = { format: null, reason: null, errors: [], events: [] };
  try {
    const read = readRequestBody(body);
    const format = source.format === 'auto' ? formatOf(read) : source.format;
    const conversion = await preview({ format, body, receivedAt: io.now() }, source, io);
    if (conversion.outcome === 'quarantined') {
      const { outcome, reason, errors } = conversion;
      return { ...none, outcome, format, reason, errors };
    }
    const events = conversion.events.map((event) => ({
      event: event.event,
      webhookId: event.messageId,
      body: newBody({ ...event, webhook: { format, body } }),
    }));
    return { ...none, outcome: 'converted', format, events };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return {
      ...none,
      outcome: 'refused',
      reason: `${error.status} ${error.message}`,
      errors: [error.message],
    };
  }
}

async function preview(
  request: Pick<StoredWebhook, 'format' | 'body' | 'receivedAt'>,
  source: SourceConfig,
  io: Io,
): Promise<Conversion> {
  const stored: StoredWebhook = { ...request, id: 0, source: source.name, signature: '', secretIndex: 0 };
  // Without the proof of a signature: nothing of it is stored or sent.
  const unsigned = stored as Verified<StoredWebhook>;
  const config = { sources: [source], destinations: [] };
  const convert = async (examine: ExamineAll): Promise<Conversion> =>
    (await examineAlone(examine, [unsigned])).conversion;
  // What the user wrote may go on without an end. Without it no thread is waited for.
  return source.contracts.length === 0
    ? convert(examineHere(createExamine(config)))
    : withConvertThread(config, io, ({ examine }) => convert(examine));
}

function outcomeText(outcome: Outcome): string {
  if (outcome.outcome === 'refused') return `refused: ${printable(outcome.reason ?? '')}\n`;
  if (outcome.outcome === 'quarantined') {
    const errors = outcome.errors.map((error) => `  ${printable(error)}\n`);
    return `quarantined: ${outcome.reason}\n${errors.join('')}`;
  }
  return outcome.events
    .map(
      ({ event, webhookId, body }) =>
        `event       ${event}\nwebhook-id  ${webhookId}\n${printableJson(prettyJson(body))}\n`,
    )
    .join('\n');
}
