/** The events whose files are documented. */
export const EXTRACTION_EVENTS: readonly string[] = Object.freeze([
  'extraction.processed',
  'extraction.edited',
  'extraction.confirmed',
  'extraction.failed',
]);
