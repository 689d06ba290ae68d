import { readFileSync } from 'node:fs';

// One folder up from `src/` and from `dist/` alike, and part of what is published.
const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

/** The version of this package. */
export const VERSION = (JSON.parse(text) as { readonly version: string }).version;
