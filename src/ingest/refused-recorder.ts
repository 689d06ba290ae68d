import type { SourceConfig } from '../config/config.js';
import { withPatience } from '../patience.js';
import type { RefusalReason, RefusedOfSource, RefusedSample, RefusedStore } from '../store/refused.js';
import type { Log } from '../telemetry/log.js';
import { isWorthKeeping, type RefusedRequest, reasonOf, sampleOf } from './refused-sample.js';

/** Between two batches, in ms. */
const INTERVAL = 1_000;
/** Samples in a batch, of each source: without and with their bodies. */
const MOST = { bare: 10, kept: 100 };
/** Bytes of bodies in a batch, of all sources. */
const MOST_BYTES = 8 * 1024 * 1024;
const DAY = 86_400_000;
/** How long a stop waits for the last batch, in ms. */
const LAST = 2_000;

type Source = Pick<SourceConfig, 'name' | 'keepRefused'>;

/** Takes notice of requests that were refused for their signature. */
export interface RefusedRecorder {
  /** Returns at once, and never throws. */
  note(source: Source, request: RefusedRequest): void;
  /** Hands over what is left. */
  close(): Promise<void>;
}

interface Gathered {
  keep: number;
  /** By day and reason. */
  readonly counts: Map<number, Record<RefusalReason, number>>;
  readonly samples: RefusedSample[];
  bare: number;
}

/**
 * Strangers cause all of this, so that each part of it has its bound: a batch a second goes to the store, nobody waits
 * for it, and where the store does not take it, it is dropped.
 */
export function createRefusedRecorder(options: {
  readonly store: Pick<RefusedStore, 'recordRefused'>;
  readonly log: Pick<Log, 'warn'>;
  readonly now: () => number;
  readonly interval?: number;
}): RefusedRecorder {
  const { store, log, now, interval = INTERVAL } = options;
  let gathered = new Map<string, Gathered>();
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | null = null;
  let failing = false;

  const ofSource = (name: string): Gathered => {
    const known = gathered.get(name) ?? { keep: 0, counts: new Map(), samples: [], bare: 0 };
    gathered.set(name, known);
    return known;
  };

  const addSample = (mine: Gathered, keep: number, request: RefusedRequest, at: number): void => {
    const size = Buffer.byteLength(request.body);
    const kept = mine.samples.length - mine.bare;
    const hasRoom = keep > 0 && kept < MOST.kept && bytes + size <= MOST_BYTES;
    const isKept = hasRoom && isWorthKeeping(request);
    if (!isKept && mine.bare >= MOST.bare) return;
    if (isKept) bytes += size;
    else mine.bare++;
    mine.samples.push(sampleOf(request, at, isKept));
  };

  const send = async (): Promise<void> => {
    const batch = [...gathered].map(toBatch);
    gathered = new Map();
    bytes = 0;
    try {
      if (batch.length > 0) await store.recordRefused(batch);
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'refused requests not recorded: the store does not work');
      failing = true;
    }
  };

  /** One batch is on its way at a time; what comes meanwhile waits, within the same bounds. */
  const schedule = (): void => {
    if (timer !== undefined || sending !== null) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = send().then(() => {
        sending = null;
        if (gathered.size > 0) schedule();
      });
    }, interval);
    timer.unref();
  };

  return {
    note: ({ name, keepRefused }, request) => {
      const at = now();
      const mine = ofSource(name);
      mine.keep = keepRefused;
      const day = at - (at % DAY);
      const counts = mine.counts.get(day) ?? { no_signature: 0, wrong_signature: 0 };
      mine.counts.set(day, counts);
      counts[reasonOf(request)]++;
      addSample(mine, keepRefused, request, at);
      schedule();
    },
    close: async () => {
      const last = (sending ?? Promise.resolve()).then(() => {
        clearTimeout(timer);
        timer = undefined;
        return send();
      });
      await withPatience(LAST, last).catch(() => undefined);
    },
  };
}

const toBatch = ([source, { keep, counts, samples }]: readonly [string, Gathered]): RefusedOfSource => ({
  source,
  keep,
  counts: [...counts].flatMap(([day, of]) =>
    (['no_signature', 'wrong_signature'] as const)
      .filter((reason) => of[reason] > 0)
      .map((reason) => ({ day, reason, count: of[reason] })),
  ),
  samples,
});
