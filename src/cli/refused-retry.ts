import type { Command } from 'commander';
import type { Config } from '../config/config.js';
import { RequestError, UsageError } from '../errors.js';
import { createVerify, type VerifyRequest } from '../ingest/receive.js';
import type { NewWebhook, Verified } from '../model.js';
import type { RefusedStore } from '../store/refused.js';
import { allIds } from './all-ids.js';
import { type ExitStatus, type Io, type Run, writeLine } from './io.js';
import { type ConfigOption, rowIds, withConfig, withExamples } from './options.js';
import { interruptedError, stopFlag } from './stop-flag.js';
import { count } from './text.js';
import { withStore } from './with-store.js';

interface RetryOptions extends ConfigOption {
  readonly all?: boolean;
}

/** Webhooks stored in one transaction: so many, or fewer where they are large. */
const BATCH = 100;
const BATCH_CHARACTERS = 8 * 1024 * 1024;

export function addRefusedRetry(refused: Command, run: Run): void {
  const retry = refused
    .command('retry')
    .description(
      "verify kept requests with today's secrets, the oldest first: those that are authentic are stored as webhooks",
    )
    .argument('[id...]', 'their numbers', rowIds)
    .option('--all', 'all that are kept')
    .action((ids: readonly number[], options: RetryOptions) => run((io) => retryRefused(ids, options, io)));
  withExamples(withConfig(retry), 'webhook-shim refused retry 3 4', 'webhook-shim refused retry --all');
}

async function retryRefused(ids: readonly number[], options: RetryOptions, io: Io): Promise<ExitStatus> {
  if (ids.length > 0 === (options.all === true)) {
    throw new UsageError('usage', 'say which ones: numbers, or --all');
  }
  return withStore<ExitStatus>(options, io, 'share', async (store, config) => {
    const chosen =
      ids.length > 0
        ? [...new Set(ids)].sort((a, b) => a - b)
        : await allIds((page) => store.listRefused({ ...page, kept: true }));
    if (chosen.length === 0) {
      writeLine(io.stdout, 'Nothing to retry.');
      return 0;
    }
    const accepted = await retryEach(chosen, store, config, io);
    const failed = chosen.length - accepted;
    const rest = failed === 0 ? '' : `, ${failed} not`;
    writeLine(io.stdout, `${count(accepted, 'webhook')} stored${rest}.`);
    return failed === 0 ? 0 : 1;
  });
}

interface Authentic {
  readonly id: number;
  readonly webhook: Verified<NewWebhook>;
}

/** Batch by batch, each in one transaction: an interrupted run has kept what it said, and goes on when called again. */
async function retryEach(
  ids: readonly number[],
  store: Pick<RefusedStore, 'getRefused' | 'acceptRefused'>,
  config: Pick<Config, 'sources'>,
  io: Pick<Io, 'stdout' | 'stderr' | 'stopRequested'>,
): Promise<number> {
  const verifiers = new Map(config.sources.map((source) => [source.name, createVerify(source)]));
  let accepted = 0;
  let batch: Authentic[] = [];
  let characters = 0;
  const save = async (): Promise<void> => {
    const stored = await store.acceptRefused(batch);
    for (const [index, { id, webhook }] of batch.entries()) {
      const webhookId = stored[index] ?? null;
      if (webhookId !== null) accepted++;
      const outcome =
        webhookId === null
          ? 'no longer there, nothing was changed'
          : `verified by secrets[${webhook.secretIndex}], stored as webhook ${webhookId}`;
      writeLine(io.stdout, `request ${id}: ${outcome}`);
    }
    batch = [];
    characters = 0;
  };
  const isStopped = stopFlag(io);
  for (const id of ids) {
    const checked = await check(id, store, verifiers);
    if (typeof checked === 'string') {
      writeLine(io.stderr, `request ${id}: ${checked}`);
      continue;
    }
    batch.push({ id, webhook: checked });
    characters += checked.body.length;
    if (batch.length === BATCH || characters > BATCH_CHARACTERS) {
      await save();
      if (isStopped()) throw interruptedError();
    }
  }
  if (batch.length > 0) await save();
  return accepted;
}

/** @returns the webhook that it is; or why it is none */
async function check(
  id: number,
  store: Pick<RefusedStore, 'getRefused'>,
  verifiers: ReadonlyMap<string, VerifyRequest>,
): Promise<Verified<NewWebhook> | string> {
  const refused = await store.getRefused(id);
  if (refused === null) return 'there is none';
  const { source, receivedAt, request } = refused;
  if (request === null) return 'its body was not kept (see keepRefused in the configuration)';
  const verify = verifiers.get(source);
  if (verify === undefined) return `the configuration has no source "${source}" any more`;
  try {
    return verify(request.body, request.signature, receivedAt);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return `still refused: none of the secrets of ${source} made its signature`;
  }
}
