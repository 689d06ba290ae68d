import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/duration.js';
import { leftOutWithout } from '../config/left-out.js';
import { UsageError } from '../errors.js';
import { judgeCutover } from '../migration/cutover.js';
import { cutoverFacts } from '../migration/cutover-facts.js';
import { type HandlerFacts, handlerFacts, judgeTakeover } from '../migration/takeover.js';
import type { DestinationState } from '../store/destination-verbs.js';
import { NOTHING_WAITS } from '../store/rows.js';
import type { ExitStatus, Io, Run } from './io.js';
import { onlyGiven, periodOf } from './list-options.js';
import { configuredDestination } from './names.js';
import {
  type ConfigOption,
  type JsonOption,
  wholeNumber,
  withConfig,
  withExamples,
  withJson,
} from './options.js';
import { cutoverJson, cutoverText, takeoverJson, takeoverText } from './ready-view.js';
import { jsonDocument } from './text.js';
import { withStoreIfAny } from './with-store.js';

interface ReadyOptions extends ConfigOption, JsonOption {
  readonly matched: number;
  readonly quietFor: number;
  readonly since?: string;
  readonly destination?: string;
  readonly insteadOf?: string;
  readonly events: number;
}

const DAY = 86_400_000;

export function addReady(program: Command, run: Run): void {
  const command = program
    .command('ready')
    .description('exit 0 when the cutover is safe, else 1 with each reason and the command that shows it')
    .option(
      '--matched <n>',
      'files that must be the same in both formats, of each source',
      wholeNumber(1),
      100,
    )
    .addOption(
      new Option(
        '--quiet-for <time>',
        'how long the new format must have come, and nothing in the legacy format alone',
      )
        .argParser(duration)
        .default(DAY, '24h'),
    )
    .option('--since <time>', 'only by what came from this time on: ISO 8601, or how long ago, such as 2d')
    .addOption(
      new Option(
        '--destination <name>',
        'ask for one handler instead: can it take over, by its latest answers?',
      ).conflicts(['matched', 'quietFor', 'since']),
    )
    .option('--instead-of <name>', 'the destination that it would take over from')
    .option(
      '--events <n>',
      'its latest attempts, all of which must have succeeded',
      wholeNumber(1, 100_000),
      100,
    )
    .action((options: ReadyOptions) => run((io) => ready(options, io)));
  withExamples(
    withJson(withConfig(command)),
    'webhook-shim ready',
    'webhook-shim ready --matched 500 --quiet-for 3d',
    'webhook-shim ready --destination billing-new --instead-of billing',
  );
}

function duration(text: string): number {
  const value = parseDuration(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('It must be a duration, such as 30m, 24h or 7d.');
}

function ready(options: ReadyOptions, io: Io): Promise<ExitStatus> {
  const { destination, insteadOf } = options;
  if (destination === undefined && insteadOf === undefined) return readyForCutover(options, io);
  if (destination !== undefined && insteadOf !== undefined) {
    return readyToTakeOver(destination, insteadOf, options, io);
  }
  throw new UsageError('usage', 'name both handlers: --destination NEW --instead-of OLD');
}

async function readyForCutover(options: ReadyOptions, io: Io): Promise<ExitStatus> {
  const now = io.now();
  const { since } = periodOf(onlyGiven({ since: options.since }), now);
  const facts = await withStoreIfAny(options, io, (store, config) =>
    cutoverFacts(store ?? NO_STORE, config, since, now),
  );
  const obstacles = judgeCutover(facts, options, now);
  const text =
    options.json === true
      ? jsonDocument(cutoverJson(facts, obstacles, now))
      : cutoverText(facts, obstacles, now, io.program);
  io.stdout.write(text);
  return obstacles.length === 0 ? 0 : 1;
}

async function readyToTakeOver(
  destination: string,
  insteadOf: string,
  options: ReadyOptions,
  io: Io,
): Promise<ExitStatus> {
  const facts = await withStoreIfAny(options, io, async (store, config) => {
    configuredDestination(destination, config, '--destination');
    configuredDestination(insteadOf, config, '--instead-of');
    if (destination === insteadOf) {
      throw new UsageError('usage', `${destination} would take over from itself: name another one`);
    }
    const states = (await store?.destinationStates()) ?? [];
    const factsOf = async (name: string): Promise<HandlerFacts> => {
      const state = states.find((each) => each.destination === name);
      const mode = config.destinations.find((each) => each.name === name)?.mode;
      const held = mode === 'paused' ? mode : heldBy(state);
      return handlerFacts(name, (await store?.latestAnswers(name, options.events)) ?? [], held);
    };
    return {
      candidate: await factsOf(destination),
      incumbent: await factsOf(insteadOf),
      leftOut: leftOutWithout(config, insteadOf, destination),
    };
  });
  const obstacles = judgeTakeover(facts, options.events);
  const { candidate, incumbent } = facts;
  const text =
    options.json === true
      ? jsonDocument(takeoverJson(candidate, incumbent, obstacles))
      : takeoverText(candidate, incumbent, obstacles, io.program);
  io.stdout.write(text);
  return obstacles.length === 0 ? 0 : 1;
}

function heldBy(state: DestinationState | undefined): HandlerFacts['held'] {
  if (state === undefined) return null;
  if (state.paused !== null) return 'paused';
  return state.openUntil === null ? null : 'breaker_open';
}

/** Where there is no store yet, nothing came. */
const NO_STORE: Parameters<typeof cutoverFacts>[0] = {
  listSightings: async () => [],
  getEvent: async () => null,
  lastSeen: async () => [],
  upTimes: async () => [],
  waiting: async () => NOTHING_WAITS,
};
