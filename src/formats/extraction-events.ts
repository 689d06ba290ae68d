/** The vendor's documented events whose files have a result of the user's own fields. */
export const EVENTS_WITH_RESULT: readonly string[] = [
  'extraction.processed',
  'extraction.edited',
  'extraction.confirmed',
];

/** All that the vendor documents. */
export const EXTRACTION_EVENTS: readonly string[] = [...EVENTS_WITH_RESULT, 'extraction.failed'];
