import { hash } from 'node:crypto';
import type { FileIdentity } from '../model.js';
import { canonicalJson, canonicalValue } from './canonical-json.js';
import { EXTRACTION_EVENTS } from './extraction-events.js';
import { membersOf } from './json-text.js';

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/** One item of an event's result, as far as its identity needs it. */
export interface FileContent {
  /** The canonical JSON of a member; null where it has none. */
  member(key: string): string | null;
  /** The canonical JSON of all of it. */
  whole(): string;
}

/** A file by its JSON text. */
export function fileText(text: string): FileContent {
  const members = new Map(
    text.startsWith('{') ? membersOf(text).map((member) => [member.key, member.value]) : [],
  );
  return {
    member: (key) => {
      const value = members.get(key);
      return value === undefined ? null : canonicalJson(value);
    },
    whole: () => canonicalJson(text),
  };
}

/** A file by its value, where its text is exactly what `JSON.stringify` writes. */
export function fileValue(value: unknown): FileContent {
  return {
    member: (key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? canonicalValue((value as Readonly<Record<string, unknown>>)[key])
        : null,
    whole: () => canonicalValue(value),
  };
}

/** 16 bytes: which file of which event it is, whatever its result. An empty `fileId` is none: it tells no file from another. */
export function fileSubject(source: string, event: string, file: FileContent): Uint8Array {
  const id = file.member('fileId');
  const name = id === null || id === '""' ? file.member('fileName') : id;
  const ids = [source, event, file.member('extractionId'), file.member('batchId'), name];
  return sha256(JSON.stringify(ids)).subarray(0, 16);
}

/**
 * Whether the result is the content of an event's files. Of an event that is not documented nobody knows yet which member
 * it is, nor whether its items are files: there the whole item counts, so that two that differ anywhere are never taken
 * for one.
 */
export const hasResultFiles = (event: string): boolean => EXTRACTION_EVENTS.includes(event);

/** What identifies a file (protocol section 6). */
export function fileIdentity(source: string, event: string, file: FileContent): FileIdentity {
  const content = hasResultFiles(event) ? (file.member('result') ?? '') : file.whole();
  return { subject: fileSubject(source, event, file), digest: sha256(content) };
}

/**
 * The `webhook-id`: the same for the same content, whichever format, attempt or instance it came by and in whatever
 * order its files stand. 144 bits of SHA-256 leave no room for chance.
 */
export function messageId(source: string, event: string, files: readonly FileIdentity[]): string {
  const identities = files
    .map((file) => Buffer.concat([file.subject, file.digest]).toString('base64'))
    .sort();
  return `evt_${sha256(JSON.stringify([source, event, identities]))
    .subarray(0, 18)
    .toString('base64url')}`;
}
