import { type Command, Option } from 'commander';
import { type BatchConverter, createBatchConverter, type ExaminedBatch } from '../convert/batch.js';
import { saveConcluded } from '../convert/save-concluded.js';
import { UsageError } from '../errors.js';
import type { Conversion, QuarantineReason, StoredWebhook, Verified } from '../model.js';
import { printable } from '../printable.js';
import type { SavedConversion } from '../store/rows.js';
import type { Store } from '../store/store.js';
import { allIds } from './all-ids.js';
import { type ExitStatus, type Io, type Run, type Writer, writeLine } from './io.js';
import { onlyGiven } from './list-options.js';
import { type ConfigOption, rowIds, withConfig, withExamples } from './options.js';
import { QUARANTINE_REASONS } from './quarantine-view.js';
import { interruptedError } from './stop-flag.js';
import { count } from './text.js';
import { withConvertThread } from './with-convert-thread.js';
import { withStore } from './with-store.js';

interface RetryOptions extends ConfigOption {
  readonly reason?: QuarantineReason;
  readonly all?: boolean;
}

/** What a retry needs of the store. */
type RetryStore = Pick<Store, 'getWebhook' | 'latestAccepted' | 'listQuarantine' | 'saveConversions'>;

/**
 * Conversions saved in one transaction: so many, or fewer where they are large. Grows from one, and begins anew after what
 * was more than can be converted: each of those takes up to a minute, and is told of before the next one begins.
 */
const BATCH = 100;
const BATCH_CHARACTERS = 8 * 1024 * 1024;

export function addQuarantineRetry(quarantine: Command, run: Run): void {
  const retry = quarantine
    .command('retry')
    .description("run today's code and configuration over the stored raw webhooks, the oldest first")
    .argument('[id...]', 'their numbers', rowIds)
    .addOption(
      new Option('--reason <reason>', 'all that are there for this reason').choices(QUARANTINE_REASONS),
    )
    .option('--all', 'all that are there')
    .action((ids: readonly number[], options: RetryOptions) => run((io) => retryWebhooks(ids, options, io)));
  withExamples(
    withConfig(retry),
    'webhook-shim quarantine retry 3 4',
    'webhook-shim quarantine retry --reason unknown_status',
  );
}

async function retryWebhooks(ids: readonly number[], options: RetryOptions, io: Io): Promise<ExitStatus> {
  const ways = [ids.length > 0, options.reason !== undefined, options.all === true].filter(Boolean).length;
  if (ways !== 1) throw new UsageError('usage', 'say which ones: numbers, or --reason REASON, or --all');

  return withStore<ExitStatus>(options, io, 'share', async (store, config) => {
    const chosen = ids.length > 0 ? [...new Set(ids)] : await allInQuarantine(store, options.reason);
    if (chosen.length === 0) {
      writeLine(io.stdout, 'Nothing to retry.');
      return 0;
    }
    const retried = await withConvertThread(config, io, ({ examine }) =>
      retryEach(chosen, store, createBatchConverter(examine, store), io),
    );
    const failed = chosen.length - retried;
    const rest = failed === 0 ? '' : `, ${failed} not`;
    writeLine(io.stdout, `${count(retried, 'webhook')} converted${rest}.`);
    return failed === 0 ? 0 : 1;
  });
}

/** For this reason, or for any. */
export const allInQuarantine = (
  store: Pick<Store, 'listQuarantine'>,
  reason: QuarantineReason | undefined,
): Promise<readonly number[]> =>
  allIds((page) => store.listQuarantine({ ...page, ...onlyGiven({ reason }) }));

/** Batch by batch, so that an interrupted run has kept what it said and goes on when called again. @returns how many were converted */
async function retryEach(
  ids: readonly number[],
  store: RetryStore,
  converter: BatchConverter,
  io: Pick<Io, 'stdout' | 'stderr' | 'now' | 'stopRequested'>,
): Promise<number> {
  let converted = 0;
  let batch: Verified<StoredWebhook>[] = [];
  let characters = 0;
  let most = 1;
  const asked = io.stopRequested();
  const interrupted = (): Promise<never> =>
    asked.then(() => {
      throw interruptedError();
    });
  const save = async (): Promise<void> => {
    // May take minutes. Nothing of the batch is saved yet.
    const examined = await Promise.race([converter.examine(batch), interrupted()]);
    most = examined.some(isTooMuch) ? 1 : Math.min(2 * most, BATCH);
    const left = await saveConcluded(
      examined,
      converter,
      (conversions) => store.saveConversions(conversions, io.now()),
      (_, conversions, saved) => {
        converted += conversions.filter((conversion, at) => tell(conversion, saved[at], io.stdout)).length;
      },
    );
    for (const { webhook } of left) {
      writeLine(io.stdout, `webhook ${webhook.id}: its files change all the time, try again`);
    }
    batch = [];
    characters = 0;
  };
  for (const id of ids) {
    const webhook = await store.getWebhook(id);
    if (webhook?.state !== 'quarantined') {
      const state = webhook === null ? 'there is none' : `not in quarantine, it is ${webhook.state}`;
      writeLine(io.stderr, `webhook ${id}: ${state}`);
      continue;
    }
    batch.push(webhook);
    characters += webhook.body.length;
    if (batch.length >= most || characters > BATCH_CHARACTERS) await save();
  }
  if (batch.length > 0) await save();
  return converted;
}

const isTooMuch = ({ conversion }: ExaminedBatch[number]): boolean =>
  conversion.outcome === 'quarantined' && conversion.reason === 'internal_error';

/** Prints what became of one webhook. @returns whether it is out of quarantine by this */
function tell(conversion: Conversion, saved: SavedConversion | undefined, stdout: Writer): boolean {
  if (saved?.stale === true) return false;
  const subject = `webhook ${conversion.webhookId}`;
  if (saved?.applied !== true) {
    writeLine(stdout, `${subject}: no longer in quarantine, nothing was changed`);
    return false;
  }
  if (conversion.outcome === 'quarantined') {
    writeLine(stdout, `${subject}: still quarantined: ${conversion.reason}`);
    for (const error of conversion.errors) writeLine(stdout, `  ${printable(error)}`);
    return false;
  }
  for (const [index, event] of saved.events.entries()) {
    const name = printable(conversion.events[index]?.event ?? '');
    const outcome =
      event.duplicateOf === null
        ? count(event.deliveries, 'delivery', 'deliveries')
        : `repeats event ${event.duplicateOf}, not delivered again`;
    writeLine(stdout, `${subject}: event ${event.id} ${name} (${outcome})`);
  }
  return true;
}
