import type { Conversion } from '../model.js';
import { createSleep } from '../sleep.js';
import type { SavedConversion } from '../store/rows.js';
import type { Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import type { BatchConverter, ExaminedBatch } from './batch.js';
import { saveConcluded } from './save-concluded.js';

/**
 * Webhooks in one go. While senders wait, so few, and one batch after the other, that their answers come first: a third
 * more of them a second where the processors are all busy. What is left is made up for once they pause.
 */
const BATCH = { idle: 64, receiving: 8 };
/** A batch with more than so many files, tens of megabytes once they are told apart, is followed by a single webhook. */
const MANY_FILES = 50_000;
/**
 * Longer than a batch takes: only after a fault of ours, or the end of an instance, is a webhook handed out again. Until
 * then a destination that is in order waits for it, so it is not longer than that. To convert twice does no harm.
 */
const LEASE = 20_000;
/** Between tries while the store does not work. */
const BACKOFF = 1_000;

export interface Loop {
  /** Says that there may be work: a hint, polling is the truth. */
  wake(): void;
  /** When it last looked for work. */
  lastMoved(): number;
  /** Finishes the batch in hand. */
  stop(): Promise<void>;
}

/** Converts what was received, the oldest first, until it is stopped. */
export function startConverting(options: {
  readonly store: Pick<Store, 'claimWebhooks' | 'saveConversions'>;
  readonly converter: BatchConverter;
  /** Whether senders wait for their answers about now. */
  readonly receiving: () => boolean;
  /** Told of each event that was stored. */
  readonly onEvent: (source: string, event: string) => void;
  /** Called when deliveries were added. */
  readonly onSaved: () => void;
  readonly log: Log;
  readonly now: () => number;
  readonly pollInterval: number;
}): Loop {
  const { store, converter, log, now } = options;
  const sleep = createSleep();
  let stopping = false;
  let moved = now();
  let failing = false;
  // Grows from one: had a batch been more than there is memory for, the next start would begin with the same.
  let most = 1;

  /** A conversion that the store does not take must not hold up those that came in the same batch. */
  const save = async (conversions: readonly Conversion[]): Promise<readonly SavedConversion[]> => {
    for (const conversion of conversions) {
      if (conversion.outcome === 'quarantined') {
        const { webhookId, reason, errors } = conversion;
        log.warn({ webhook: webhookId, reason, errors: errors.slice(0, 3) }, 'webhook quarantined');
      }
    }
    try {
      return await store.saveConversions(conversions, now());
    } catch (error) {
      if (conversions.length === 1) throw error;
      const saved: SavedConversion[] = [];
      let failed = 0;
      for (const conversion of conversions) {
        try {
          saved.push(...(await store.saveConversions([conversion], now())));
        } catch (cause) {
          failed++;
          log.error({ webhook: conversion.webhookId, err: cause }, 'conversion not saved; tried again later');
        }
      }
      if (failed === conversions.length) throw error;
      return saved;
    }
  };

  /** What was saved is in the order of the webhooks, but some of it may be missing. */
  const tell = (
    batch: ExaminedBatch,
    conversions: readonly Conversion[],
    saved: readonly SavedConversion[],
  ): void => {
    let at = 0;
    for (const { webhookId, events } of saved) {
      while (at < batch.length && batch[at]?.webhook.id !== webhookId) at++;
      const conversion = conversions[at];
      if (conversion?.outcome !== 'converted') continue;
      for (const [index, { id, duplicateOf }] of events.entries()) {
        log.debug({ webhook: webhookId, event: id, duplicateOf }, 'event stored');
        options.onEvent(batch[at]?.webhook.source ?? '', conversion.events[index]?.event ?? '');
      }
    }
  };

  /** The next batch, examined, so far as there is one. */
  const examineNext = async (): Promise<ExaminedBatch | null> => {
    const limit = Math.min(most, options.receiving() ? BATCH.receiving : BATCH.idle);
    // No name here for the webhooks: it would hold their bodies until they are examined.
    const batch = await store
      .claimWebhooks({ limit, now: now(), lease: LEASE })
      .then((webhooks) => (webhooks.length === 0 ? null : converter.examine(webhooks)));
    if (batch === null) return null;
    most = filesIn(batch) > MANY_FILES ? 1 : Math.min(2 * most, BATCH.idle);
    return batch;
  };

  const finish = async (batch: ExaminedBatch): Promise<void> => {
    const left = await saveConcluded(batch, converter, save, (those, conversions, saved) => {
      tell(those, conversions, saved);
      options.onSaved();
    });
    for (const { webhook } of left) {
      log.warn({ webhook: webhook.id }, 'its files change all the time; converted later');
    }
  };

  /**
   * Finishes a batch, and examines the next one meanwhile, so that two threads are at work, unless senders wait.
   *
   * @returns the next one; null where nothing waits, or where it is not to be had now
   */
  const step = async (current: ExaminedBatch | null): Promise<ExaminedBatch | null> => {
    // By now the store hands out the batch in hand anew: what took so long would do so once more.
    const late = now() - moved >= LEASE;
    moved = now();
    const [next, finished] = await Promise.allSettled([
      stopping || (current !== null && (late || options.receiving())) ? null : examineNext(),
      current === null ? null : finish(current),
    ]);
    const faults = [next, finished].flatMap((part) => (part.status === 'rejected' ? [part.reason] : []));
    // Whoever stops it may have ended the thread that was at work for it.
    if (faults.length > 0 && !failing && !stopping) {
      log.error({ err: faults[0] }, 'converting stopped: the store does not work; trying again');
    }
    if (faults.length === 0 && failing) log.info('converting: the store works again');
    failing = faults.length > 0;
    const ahead = next.status === 'fulfilled' ? next.value : null;
    if (failing) await sleep.for(BACKOFF);
    else if (ahead === null && current === null) await sleep.for(options.pollInterval);
    return ahead;
  };

  const run = async (): Promise<void> => {
    let ahead: ExaminedBatch | null = null;
    while (!stopping || ahead !== null) ahead = await step(ahead);
  };
  const running = run();

  return {
    wake: sleep.wake,
    lastMoved: () => moved,
    stop: async () => {
      stopping = true;
      sleep.wake();
      await running;
    },
  };
}

const filesIn = (batch: ExaminedBatch): number =>
  batch
    .flatMap(({ conversion }) => (conversion.outcome === 'converted' ? conversion.events : []))
    .reduce((sum, { files }) => sum + files.length, 0);
