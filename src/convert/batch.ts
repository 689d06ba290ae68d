import { type ErrorCode, ShimError } from '../errors.js';
import type { Conversion, FileBasis, StoredWebhook, Verified } from '../model.js';
import type { Store } from '../store/store.js';
import type { Examine, Examined } from './examine.js';
import { fileKey, inferEdits, type LatestResults } from './infer-edited.js';

/** Webhooks with what is known of them so far, if anything. */
export type Examination = Parameters<Examine>;

/**
 * Examines webhooks, each by itself, here or in another thread.
 *
 * @throws {ShimError} `out_of_memory` or `out_of_time` where one of them takes more than there is
 */
export type ExamineAll = (examinations: readonly Examination[]) => Promise<readonly Examined[]>;

/** Examines them in this thread. */
export const examineHere =
  (examine: Examine): ExamineAll =>
  async (examinations) =>
    examinations.map((each) => examine(...each));

/** Examines one webhook: what takes more than there is would be quarantined for that. */
export async function examineAlone(examineAll: ExamineAll, examination: Examination): Promise<Examined> {
  const [{ id }] = examination;
  const [examined] = await examineAll([examination]).catch((error: unknown) => [tooMuch(id, error)]);
  if (examined === undefined) throw new Error(`webhook ${id} was not examined`);
  return examined;
}

/** A batch of webhooks, looked at by themselves. It is held while the store is busy, so it holds no bodies. */
export type ExaminedBatch = readonly (Examined & { readonly webhook: Head })[];

type Head = Pick<StoredWebhook, 'id' | 'source'>;

/** A webhook that is to be examined, and what is known of it, once its body has been fetched. */
type Wanted = readonly [webhook: Head, inferred?: ReadonlyMap<number, string>];

/** Converts webhooks in the order in which they came, in two steps. */
export interface BatchConverter {
  /** What the webhooks alone tell: may run while those before them are saved. */
  examine(webhooks: readonly Verified<StoredWebhook>[]): Promise<ExaminedBatch>;
  /** The rest, with what the store knows of their files: once those before them are saved. */
  conclude(batch: ExaminedBatch): Promise<readonly Conversion[]>;
}

/** The store is asked once for a batch, and again for each webhook that is an edit, only where a source infers them. */
export function createBatchConverter(
  examineAll: ExamineAll,
  store: Pick<Store, 'latestAccepted' | 'getWebhook'>,
): BatchConverter {
  /** A few megabytes can hold millions of files: what is too much is told from the others, which go on. */
  const examineEach = async (wanted: readonly Wanted[]): Promise<ExaminedBatch> => {
    const examined: ExaminedBatch[number][] = [];
    for (const [webhook, ...inferred] of wanted) {
      const stored = await store.getWebhook(webhook.id);
      // Gone by now: it is not saved either.
      if (stored === null) continue;
      examined.push({ ...(await examineAlone(examineAll, [stored, ...inferred])), webhook });
    }
    return examined;
  };

  /** Those whose events turned out to be others than their status says: what those take is not known yet. */
  const examineAgain = async (wanted: readonly Wanted[]): Promise<readonly Examined[]> => {
    const again: Examination[] = [];
    for (const [{ id }, ...inferred] of wanted) {
      const stored = await store.getWebhook(id);
      if (stored !== null) again.push([stored, ...inferred]);
    }
    return examineAll(again).catch((error: unknown) => {
      if (excessOf(error) === null) throw error;
      return examineEach(wanted);
    });
  };

  return {
    // Not `async`, which would hold the bodies until all are examined: the collector copies what is held for long.
    examine: (webhooks) => {
      const heads = webhooks.map(({ id, source }) => ({ id, source }));
      return examineAll(webhooks.map((webhook) => [webhook])).then(
        (examined) =>
          examined.flatMap((each, index) => {
            const webhook = heads[index];
            return webhook === undefined ? [] : { ...each, webhook };
          }),
        (error: unknown) => {
          if (excessOf(error) === null) throw error;
          return examineEach(heads.map((head) => [head]));
        },
      );
    },
    conclude: async (batch) => {
      if (batch.every(({ files }) => files.length === 0)) return batch.map(({ conversion }) => conversion);
      const latest = await latestResults(batch, store);
      const inferred = batch.map(({ files }) => inferEdits(files, latest));
      const wanted = batch.flatMap(({ webhook }, index): readonly Wanted[] => {
        const events = inferred[index]?.events;
        return events === undefined || events.size === 0 ? [] : [[webhook, events]];
      });
      const edited = (await examineAgain(wanted)).map(({ conversion }) => conversion);
      const byWebhook = new Map(edited.map((conversion) => [conversion.webhookId, conversion]));
      return batch.map(({ conversion }, index) =>
        withBasis(byWebhook.get(conversion.webhookId) ?? conversion, inferred[index]?.basis ?? []),
      );
    },
  };
}

const EXCESS: Partial<Readonly<Record<ErrorCode, string>>> = {
  out_of_memory: 'it takes more memory to convert than the service may use',
  out_of_time:
    'it takes longer to convert than the service may take: look for a "pattern" in the contracts and the "when" of the configuration that tries too many ways, such as (a+)*; correct it, then retry',
};

/** What was too much, for a person; null where it is another error. */
export const excessOf = (error: unknown): string | null =>
  error instanceof ShimError ? (EXCESS[error.code] ?? null) : null;

function tooMuch(webhookId: number, error: unknown): Examined {
  const excess = excessOf(error);
  if (excess === null) throw error;
  const conversion = {
    outcome: 'quarantined',
    webhookId,
    reason: 'internal_error',
    errors: [excess],
  } as const;
  return { conversion, files: [] };
}

const withBasis = (conversion: Conversion, basis: readonly FileBasis[]): Conversion =>
  conversion.outcome === 'converted' && basis.length > 0 ? { ...conversion, basis } : conversion;

async function latestResults(
  batch: ExaminedBatch,
  store: Pick<Store, 'latestAccepted'>,
): Promise<LatestResults> {
  if (!batch.some(({ files }) => files.some((file) => file.open))) return new Map();
  const files = new Map(batch.flatMap((each) => each.files).map((file) => [fileKey(file), file.subjects]));
  const known = await store.latestAccepted([...files.values()]);
  const latest: LatestResults = new Map();
  for (const [index, key] of [...files.keys()].entries()) {
    const result = known[index];
    if (result) latest.set(key, result);
  }
  return latest;
}
