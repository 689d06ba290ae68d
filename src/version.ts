import { readFileSync } from 'node:fs';

/** The version of this package. */
export const VERSION = readVersion();

function readVersion(): string {
  // One folder up from `src/` and from `dist/` alike, and part of what is published.
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
