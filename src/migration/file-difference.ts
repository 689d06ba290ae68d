import { newBody, type StoredEvent } from '../formats/forward.js';
import { fileIdentity, fileText, hasResultFiles } from '../formats/identity.js';
import { itemsOf, memberOf } from '../formats/json-text.js';
import { type Difference, diffJson } from './diff.js';
import type { ParityEntry } from './parity.js';

/** An event of the ledger, as the store has it (`EventDetail`). */
export interface LedgerEvent extends Omit<StoredEvent, 'plain'> {
  readonly source: string;
}

/**
 * What differs between the contents that the two formats brought for one file.
 *
 * @param legacy the event of the entry's legacy side, null where it is no longer stored; `recent` that of its new side
 * @returns null where a side can no longer be read
 */
export function differencesOf(
  entry: ParityEntry,
  legacy: LedgerEvent | null,
  recent: LedgerEvent | null,
): readonly Difference[] | null {
  const old = contentOf(legacy, entry.subject, entry.legacy?.digest);
  const young = contentOf(recent, entry.subject, entry.new?.digest);
  return old === null || young === null ? null : diffJson(old, young);
}

/** The text that the digest of a file's identity was made from (`fileIdentity`). */
function contentOf(event: LedgerEvent | null, subject: string, digest: string | undefined): string | null {
  if (event === null || digest === undefined) return null;
  const body = newBody(event);
  for (const text of itemsOf(memberOf(body, 'result') ?? '[]')) {
    const identity = fileIdentity(event.source, event.event, fileText(text));
    if (hex(identity.subject) !== subject || hex(identity.digest) !== digest) continue;
    return hasResultFiles(event.event) ? (memberOf(text, 'result') ?? 'null') : text;
  }
  return null;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
