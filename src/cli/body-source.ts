import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, ShimError, UsageError } from '../errors.js';
import type { Io } from './io.js';

/** More than any webhook has; what is read is held in memory. */
const LARGEST = 64 * 1024 * 1024;

/**
 * The text of a file, or of standard input for `-`.
 *
 * @throws {ShimError} where it cannot be read; {UsageError} where it is no UTF-8 or too large
 */
export async function readText(file: string, io: Pick<Io, 'stdin' | 'cwd'>): Promise<string> {
  const name = file === '-' ? 'standard input' : file;
  const bytes = await readAll(file, io).catch((cause: unknown) => {
    if (cause instanceof ShimError) throw cause;
    throw new UsageError('usage', `cannot read ${name}: ${messageOf(cause)}`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError('usage', `${name} is not UTF-8 text`, { cause });
  }
}

async function readAll(file: string, io: Pick<Io, 'stdin' | 'cwd'>): Promise<Uint8Array> {
  const path = resolve(io.cwd, file);
  if (file !== '-' && (await stat(path)).isDirectory()) {
    throw new UsageError('usage', `${file} is a folder, not a file`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of file === '-' ? io.stdin : createReadStream(path)) {
    const bytes = chunk as Uint8Array;
    chunks.push(bytes);
    size += bytes.length;
    if (size > LARGEST) throw new UsageError('usage', `${file} is larger than 64 MiB`);
  }
  return Buffer.concat(chunks);
}
