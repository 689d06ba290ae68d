import { printable, printableJson } from '../printable.js';

/** Text from outside that is safe to print, line breaks kept. */
export const printableLines = (text: string): string => text.split(/\r?\n/).map(printable).join('\n');

/** A value as a JSON document with its line end. */
export const jsonDocument = (value: unknown): string => `${printableJson(JSON.stringify(value, null, 2))}\n`;

/** ISO 8601 in UTC, to the second, for people. */
export const isoSeconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** ISO 8601 in UTC, to the millisecond, for programs. */
export const isoTime = (time: number): string => new Date(time).toISOString();

export const isoTimeOrNull = (time: number | null): string | null => (time === null ? null : isoTime(time));

/** `1 event`, `2 events`. */
export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${number} ${number === 1 ? noun : plural}`;

/** `512 bytes`, `3.4 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return count(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A word as a shell takes it. */
export const shellWord = (text: string): string =>
  /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The size of a store, and what of it is free, as far as it can tell. */
export const sizeText = ({
  bytes,
  free,
}: {
  readonly bytes: number;
  readonly free: number | null;
}): string =>
  free === null ? bytesText(bytes) : `${bytesText(bytes)}, ${bytesText(free)} of it free for what comes next`;

/** Without what may be secret in a URL: user, password, query, fragment. */
export function publicUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return '(not a URL)';
  }
}
