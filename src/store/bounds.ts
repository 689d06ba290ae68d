/** What every store keeps of what a payload or a destination brings about: of texts, so that rows stay readable. */

export const MAX_RESPONSE = 4096;
export const MAX_ERROR = 1000;
const MAX_ERRORS = 100;

/** Extractions whose fields are kept, those that were seen last; and fields of each, those that came first. */
export const MOST_EXTRACTIONS = 1_000;
export const MOST_FIELDS = 500;

/** A claim ends early past about this many bytes of bodies, so that many large ones do not fill the memory. */
export const CLAIM_SIZE = 16 * 1024 * 1024;

/** At most so many UTF-16 code units, whole characters, and nothing that UTF-8 could not hold. */
export const cut = (value: string, length: number): string => value.slice(0, length).toWellFormed();

/** As a JSON array. */
export const errorsText = (errors: readonly string[]): string =>
  JSON.stringify(errors.slice(0, MAX_ERRORS).map((error) => cut(error, MAX_ERROR)));

/** Written by `errorsText` alone. */
export const parseErrors = (errors: string): readonly string[] => JSON.parse(errors) as readonly string[];
