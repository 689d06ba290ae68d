import type { Conversion, FileBasis, FileIdentity, LatestResult } from '../model.js';

/** What a store decides about conversions that were inferred from others. Pure, so that every store decides alike. */

export const basisOf = (conversion: Conversion): readonly FileBasis[] =>
  (conversion.outcome === 'converted' && conversion.basis) || [];

/** Holds the conversions of a batch against what was accepted before each of them, in the store and in the batch. */
export class Bases {
  readonly #files = new Map<string, FileBasis['subjects']>();
  readonly #latest = new Map<string, LatestResult | null>();
  /** Which file a subject is of, and which of its subjects it is. */
  readonly #subjects = new Map<string, { readonly file: string; readonly subject: number }>();

  constructor(batch: readonly Conversion[]) {
    for (const { subjects, latest } of batch.flatMap(basisOf)) {
      if (latest !== undefined) this.#files.set(fileOf(subjects), subjects);
    }
  }

  /** The subjects of the files that something was inferred from, each file once: mostly none. */
  get files(): readonly FileBasis['subjects'][] {
    return [...this.#files.values()];
  }

  /** @param latest what the store knows of each of `files`, with nobody else at work on them */
  know(latest: readonly (LatestResult | null)[]): void {
    for (const [index, [file, subjects]] of [...this.#files].entries()) {
      this.#latest.set(file, latest[index] ?? null);
      for (const [subject, bytes] of subjects.entries()) this.#subjects.set(nameOf(bytes), { file, subject });
    }
  }

  hold(conversion: Conversion): boolean {
    return basisOf(conversion).every(
      ({ subjects, latest }) =>
        latest === undefined || isSame(latest, this.#latest.get(fileOf(subjects)) ?? null),
    );
  }

  /** A conversion of the batch was saved. */
  saved(
    conversion: Extract<Conversion, { readonly outcome: 'converted' }>,
    events: readonly { readonly duplicateOf: number | null }[],
  ): void {
    if (this.#files.size === 0) return;
    for (const [index, { files }] of conversion.events.entries()) {
      if (events[index]?.duplicateOf === null) for (const file of files) this.#accept(file);
    }
  }

  #accept({ subject, digest }: FileIdentity): void {
    const found = this.#subjects.get(nameOf(subject));
    if (found) this.#latest.set(found.file, { subject: found.subject, digest });
  }
}

const isSame = (one: LatestResult | null, other: LatestResult | null): boolean =>
  one === null || other === null
    ? one === other
    : one.subject === other.subject && Buffer.from(one.digest).equals(other.digest);

const nameOf = (subject: Uint8Array): string => Buffer.from(subject).toString('latin1');
const fileOf = ([first]: FileBasis['subjects']): string => nameOf(first ?? new Uint8Array());
