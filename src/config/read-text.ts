import { closeSync, openSync, readSync } from 'node:fs';

const LIMIT = 1024 * 1024;

/** A file's text, or why there is none, to follow the file's name: "does not exist". */
export type ReadText = { readonly text: string } | { readonly problem: string; readonly missing: boolean };

/** Reads at most 1 MiB of UTF-8, without a byte order mark; from pipes too. */
export function readText(path: string): ReadText {
  try {
    const bytes = readBytes(path);
    if (bytes.length > LIMIT) return { problem: 'is larger than 1 MiB', missing: false };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    return explain(error);
  }
}

function readBytes(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(LIMIT + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(file, buffer, length, buffer.length - length, null);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function explain(error: unknown): ReadText {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { problem: 'does not exist', missing: true };
    case 'EISDIR':
      return { problem: 'is a folder, not a file', missing: false };
    case 'EACCES':
    case 'EPERM':
      return { problem: 'cannot be read: this user lacks the permission', missing: false };
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { problem: 'is not UTF-8 text', missing: false };
    default:
      return { problem: `cannot be read (${code})`, missing: false };
  }
}
