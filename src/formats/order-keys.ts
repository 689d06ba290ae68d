import { hash } from 'node:crypto';
import type { OrderedBy } from '../model.js';
import { type FileContent, fileSubject } from './identity.js';

/** Of the file itself, whatever happened to it: events of different kinds are in one line. */
const ANY_EVENT = '';

/**
 * The lines that an event is in at a destination that is in order: one for each of its files, batches or extractions.
 * Files that lack an id share a line, and so do events without files: rather too much in order than too little.
 */
export function orderKeys(by: OrderedBy, source: string, files: readonly FileContent[]): readonly string[] {
  const keys = files.map((file) => keyOf(by, source, file));
  return keys.length === 0 ? [digest([source])] : [...new Set(keys)];
}

function keyOf(by: OrderedBy, source: string, file: FileContent): string {
  switch (by) {
    case 'file':
      return Buffer.from(fileSubject(source, ANY_EVENT, file)).toString('base64url');
    case 'batch':
      return digest([source, file.member('extractionId'), file.member('batchId')]);
    case 'extraction':
      return digest([source, file.member('extractionId')]);
  }
}

const digest = (parts: readonly (string | null)[]): string =>
  hash('sha256', JSON.stringify(parts), 'buffer').subarray(0, 16).toString('base64url');
