/**
 * `own`: to serve; makes what is missing. `share`: to write beside whoever serves. `read`: to look. The last two need
 * data to be there.
 */
export type OpenMode = 'own' | 'share' | 'read';
