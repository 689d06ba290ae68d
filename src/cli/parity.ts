import { type Command, Option } from 'commander';
import { type ExplainedEntry, explain } from '../migration/explain.js';
import { type Period, readLedger } from '../migration/ledger.js';
import type { ParityState } from '../migration/parity.js';
import { isWaiting, SETTLED_AFTER, summarize } from '../migration/parity-summary.js';
import type { Store } from '../store/store.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { type PeriodOptions, periodOf, withPeriod } from './list-options.js';
import {
  type ConfigOption,
  type JsonOption,
  wholeNumber,
  withConfig,
  withExamples,
  withJson,
} from './options.js';
import { type Parity, parityJson, parityText } from './parity-view.js';
import { isoSeconds, jsonDocument } from './text.js';
import { withStoreIfAny } from './with-store.js';

interface ParityOptions extends ConfigOption, JsonOption, PeriodOptions {
  readonly limit: number;
  readonly state?: ParityState;
}

const STATES: readonly ParityState[] = ['matched', 'legacy_only', 'new_only', 'different'];

export function addParity(program: Command, run: Run): void {
  const command = program
    .command('parity')
    .description('legacy beside new, file by file: what came the same in both formats, and what did not')
    .option('--limit <n>', 'how many files to list at most, the newest first', wholeNumber(1, 10_000), 50)
    .addOption(
      new Option('--state <state>', 'list these alone (default: all that are not matched)').choices(STATES),
    )
    .action((options: ParityOptions) => run((io) => showParity(options, io)));
  withExamples(
    withJson(withConfig(withPeriod(command))),
    'webhook-shim parity',
    'webhook-shim parity --since 1d --state different',
  );
}

async function showParity(options: ParityOptions, io: Io): Promise<ExitStatus> {
  const period = periodOf(options, io.now());
  const parity = await withStoreIfAny(options, io, async (store) =>
    store === null ? NOTHING : gather(store, period, options, io.now()),
  );
  if (options.json === true) {
    io.stdout.write(jsonDocument(parityJson(parity)));
    return 0;
  }
  if (parity.summary.sources.length === 0) {
    writeLine(io.stdout, Object.keys(period).length > 0 ? 'No files came in this period.' : nothingYet(io));
  } else {
    io.stdout.write(parityText(parity, options.state));
  }
  if (parity.cutBefore !== null) {
    const since = isoSeconds(parity.cutBefore);
    writeLine(
      io.stderr,
      `There is more than can be held: this is all since ${since}. For what was before add --until ${since}`,
    );
  }
  if (parity.more > 0)
    writeLine(io.stderr, `${parity.more} more: add --limit ${options.limit + parity.more}`);
  return 0;
}

const nothingYet = (io: Io): string =>
  `No files yet: the ledger begins with the first webhook. Switch on both formats at the vendor, or try both: ${io.program} send URL --format legacy, ${io.program} send URL --format new\nWhat came and could not be converted: ${io.program} quarantine list`;

const NOTHING: Parity = { summary: summarize([]), files: [], more: 0, cutBefore: null };

async function gather(
  store: Store,
  period: Period,
  { state, limit }: Pick<ParityOptions, 'state' | 'limit'>,
  now: number,
): Promise<Parity> {
  const ledger = await readLedger(store, period);
  const settledBefore = now - SETTLED_AFTER;
  const listed = ledger.entries.filter(
    (entry) =>
      !isWaiting(entry, settledBefore) &&
      (state === undefined ? entry.state !== 'matched' : entry.state === state),
  );
  const files: ExplainedEntry[] = [];
  for (const entry of listed.slice(-limit).reverse()) files.push(await explain(store, entry));
  return {
    summary: summarize(ledger.entries, settledBefore),
    files,
    more: listed.length - files.length,
    cutBefore: ledger.cutBefore,
  };
}
