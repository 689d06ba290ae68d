import type { Command } from 'commander';
import type { SourceConfig } from '../config/config.js';
import { createContracts } from '../convert/contracts.js';
import { loadEventSchemas } from '../convert/event-schemas.js';
import { type Normalized, type NormalizedEvent, normalize } from '../convert/normalize.js';
import { RequestError } from '../errors.js';
import { newBody } from '../formats/forward.js';
import { DEFAULT_STATUSES } from '../formats/legacy.js';
import { formatOf, readRequestBody } from '../formats/request-body.js';
import type { Format, Verified } from '../model.js';
import { printable, printableJson } from '../printable.js';
import { readText } from './body-source.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { configuredSource } from './names.js';
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.js';
import { prettyJson } from './pretty-json.js';
import { isBareResult, wrapLegacy } from './request-body.js';
import { jsonDocument } from './text.js';
import { configOf } from './with-store.js';

interface ConvertOptions extends ConfigOption, JsonOption {
  readonly source?: string;
}

type Rules = Pick<SourceConfig, 'name' | 'format' | 'statuses' | 'contracts'>;

/** As in the configuration that comes with the package. */
const DEFAULT_RULES: Rules = { name: 'extracta', format: 'auto', statuses: DEFAULT_STATUSES, contracts: [] };

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
  const rules = rulesOf(options, io);
  const text = await readText(file, io);
  const bare = isBareResult(text);
  if (bare) writeLine(io.stderr, 'This is a bare result: taken as the result of a legacy webhook.');
  const outcome = outcomeOf(bare ? wrapLegacy(text) : text, rules);
  io.stdout.write(options.json === true ? jsonDocument(outcome) : outcomeText(outcome));
  return outcome.outcome === 'converted' ? 0 : 1;
}

function rulesOf(options: ConvertOptions, io: Io): Rules {
  if (options.config === undefined && options.source === undefined) return DEFAULT_RULES;
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

function outcomeOf(body: string, rules: Rules): Outcome {
  const none = { format: null, reason: null, errors: [], events: [] };
  try {
    const read = readRequestBody(body);
    const format = rules.format === 'auto' ? formatOf(read) : rules.format;
    const converted = preview({ format, body }, rules);
    if (!converted.ok) {
      return { ...none, outcome: 'quarantined', format, reason: converted.reason, errors: converted.errors };
    }
    const events = converted.events.map((event) => eventOf(event, { format, body }));
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

function preview(webhook: { readonly format: Format; readonly body: string }, rules: Rules): Normalized {
  // Without the proof of a signature: nothing of it is stored or sent.
  const unsigned = webhook as Verified<typeof webhook>;
  return normalize(unsigned, {
    source: rules.name,
    statuses: rules.statuses,
    schemas: loadEventSchemas(),
    contracts: createContracts(rules.contracts),
  });
}

function eventOf(event: NormalizedEvent, webhook: { readonly format: Format; readonly body: string }) {
  return { event: event.event, webhookId: event.messageId, body: newBody({ ...event, webhook }) };
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
