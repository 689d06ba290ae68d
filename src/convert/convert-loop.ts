import type { Conversion, StoredWebhook } from '../model.js';
import { createSleep } from '../sleep.js';
import type { SavedConversion, Store } from '../store/store.js';
import type { Log } from '../telemetry/log.js';
import type { BatchConverter } from './batch.js';

/** Webhooks in one go. While senders wait, so few that their answers, which wait for the same thread, come first. */
const BATCH = { idle: 64, receiving: 8 };
/** Longer than any batch takes: only after a fault of ours is a webhook handed out again. */
const LEASE = 60_000;
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
  readonly convert: BatchConverter;
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
  const { store, log, now } = options;
  const sleep = createSleep();
  let stopping = false;
  let moved = now();
  let failing = false;

  /** A conversion that the store does not take must not hold up those that came in the same batch. */
  const save = async (conversions: readonly Conversion[]): Promise<readonly SavedConversion[]> => {
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
    webhooks: readonly StoredWebhook[],
    conversions: readonly Conversion[],
    saved: readonly SavedConversion[],
  ): void => {
    let at = 0;
    for (const { webhookId, applied, events } of saved) {
      while (at < webhooks.length && webhooks[at]?.id !== webhookId) at++;
      const conversion = conversions[at];
      if (!applied || conversion?.outcome !== 'converted') continue;
      for (const [index, { id, duplicateOf }] of events.entries()) {
        log.debug({ webhook: webhookId, event: id, duplicateOf }, 'event stored');
        options.onEvent(webhooks[at]?.source ?? '', conversion.events[index]?.event ?? '');
      }
    }
  };

  /** @returns how many webhooks it had to do with */
  const step = async (): Promise<number> => {
    const limit = options.receiving() ? BATCH.receiving : BATCH.idle;
    const webhooks = await store.claimWebhooks({ limit, now: now(), lease: LEASE });
    if (webhooks.length === 0) return 0;
    const conversions = await options.convert(webhooks);
    for (const conversion of conversions) {
      if (conversion.outcome === 'quarantined') {
        const { webhookId, reason, errors } = conversion;
        log.warn({ webhook: webhookId, reason, errors: errors.slice(0, 3) }, 'webhook quarantined');
      }
    }
    const saved = await save(conversions);
    tell(webhooks, conversions, saved);
    options.onSaved();
    return webhooks.length;
  };

  const run = async (): Promise<void> => {
    while (!stopping) {
      moved = now();
      try {
        const done = await step();
        failing = false;
        if (done === 0) await sleep.for(options.pollInterval);
      } catch (error) {
        if (!failing) log.error({ err: error }, 'converting stopped: the store does not work; trying again');
        failing = true;
        await sleep.for(BACKOFF);
      }
    }
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
